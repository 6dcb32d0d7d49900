"""What CreateTrainingJob asks of the machine: instances, their number and groups, and the network between and around them."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from clary.api.errors import limit_exceeded, validation
from clary.objects import ObjectsError
from clary.runner import Resources, isolation, network
from clary.runner.hosts import address
from clary.runner.instances import clamped, scaled
from clary.toolkits.training import cluster

if TYPE_CHECKING:
    from clary.api.engine import Engine

# Each is a process of this machine: more is a slip.
_MOST_HOSTS = 64
_SSH_PORT = 22


def check_instances(resources: dict[str, Any]) -> None:
    """ResourceConfig's InstanceType and InstanceCount, or its InstanceGroups. Raises ApiError."""
    groups = resources.get("InstanceGroups")
    if groups:
        for member in ("InstanceType", "InstanceCount"):
            if resources.get(member):
                raise validation(
                    f"ResourceConfig has both InstanceGroups and {member}. Give either InstanceGroups, or InstanceType and "
                    "InstanceCount."
                )
        names = [group["InstanceGroupName"] for group in groups]
        if len(set(names)) < len(names):
            raise validation(f"InstanceGroupName must be unique in InstanceGroups: {', '.join(names)}.")
    elif "InstanceType" not in resources:
        raise validation("ResourceConfig needs InstanceType.")
    asked = groups or [{"InstanceCount": 1, **resources}]
    for group in asked:
        if group["InstanceCount"] < 1:
            raise validation(
                f"InstanceCount must be at least 1; it is {group['InstanceCount']} for {group['InstanceType']}."
            )
    total = sum(group["InstanceCount"] for group in asked)
    if total > _MOST_HOSTS:
        raise limit_exceeded(
            f"The account-level service limit '{asked[0]['InstanceType']} for training job usage' is {_MOST_HOSTS} Instances, "
            f"with current utilization of 0 Instances and a request delta of {total} Instances: each is a process of this "
            "machine."
        )


def check_machine(engine: Engine, request: dict[str, Any]) -> None:
    """Whether this machine can give the job several hosts, or a network of its own. Raises ApiError."""
    several = len(cluster.hosts(request)) > 1
    if several:
        kind, why = isolation.tier(engine.config.isolation)
        if kind != "namespaces":
            raise validation(
                f"InstanceCount above 1 needs mount namespaces for the hosts' own names and files, which this machine does not "
                f"give ({why}). Use InstanceCount 1."
            )
    if request.get("EnableNetworkIsolation"):
        possible, why = network.possible()
        if not possible or engine.config.isolation == "paths":
            raise validation(
                "EnableNetworkIsolation needs network namespaces, which this machine does not give "
                f"({why or 'isolation is set to paths in the configuration'}). Leave it out; the script then has this machine's "
                "network."
            )


def needs_private_network(engine: Engine, request: dict[str, Any]) -> bool:
    """Whether the job's hosts get a network of their own: because the request wants them isolated, or because SDK v3's MPI
    driver must listen at port 22, which this process may not, or which is taken."""
    if request.get("EnableNetworkIsolation"):
        return True
    if len(cluster.hosts(request)) < 2 or not _drives_mpi(engine, request):
        return False
    try:
        socket.create_server((address(0, 0), _SSH_PORT)).close()
    except OSError:
        return network.possible()[0]
    return os.geteuid() != 0


def resources_of(engine: Engine, request: dict[str, Any]) -> Resources:
    """What this machine sets aside for all the job's hosts together: at most what is there."""
    parts = [
        scaled(group["instance_type"], engine.config, len(group["hosts"]))
        for group in cluster.groups(request)
    ]
    return clamped(
        Resources(
            sum(part.cpus for part in parts),
            sum(part.memory_mb for part in parts),
            sum(part.gpus for part in parts),
        ),
        engine.config,
    )


def _drives_mpi(engine: Engine, request: dict[str, Any]) -> bool:
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        if channel["ChannelName"] == "sm_drivers" and source:
            try:
                script = engine.objects.read_uri(f"{source['S3Uri'].rstrip('/')}/sm_train.sh")
            except ObjectsError:
                return False
            return b"mpi_driver.py" in script
    return False
