"""The hosts of a training job: how ResourceConfig's instances become ``algo-1``, ``algo-2``, ... (contracts section 1)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

HOST = "algo-1"
# The one group of a job that names none.
GROUP = "homogeneousCluster"
_DEFAULT_TYPE = "ml.m5.large"


def groups(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The instance groups of a CreateTrainingJob request as resourceconfig.json has them: ``{instance_group_name,
    instance_type, hosts}``, the hosts numbered through all groups in the order of the request."""
    resources = request.get("ResourceConfig") or {}
    asked = resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": GROUP,
            "InstanceType": resources.get("InstanceType") or _DEFAULT_TYPE,
            "InstanceCount": resources.get("InstanceCount") or 1,
        }
    ]
    found: list[dict[str, Any]] = []
    number = 0
    for group in asked:
        names = [f"algo-{number + index + 1}" for index in range(group["InstanceCount"])]
        number += len(names)
        found.append(
            {
                "instance_group_name": group["InstanceGroupName"],
                "instance_type": group["InstanceType"],
                "hosts": names,
            }
        )
    return found


def hosts(request: Mapping[str, Any]) -> list[str]:
    """The names of all hosts, the first one first. resourceconfig.json sorts them as text, as SageMaker does."""
    return [host for group in groups(request) for host in group["hosts"]]


def resource_config(
    request: Mapping[str, Any], host: str = HOST, *, private_network: bool = False
) -> dict[str, Any]:
    """What resourceconfig.json says on ``host``. ``private_network``: the job has one of its own."""
    found = groups(request)
    own = next(group for group in found if host in group["hosts"])
    names = sorted(hosts(request))
    return {
        "current_host": host,
        "current_instance_type": own["instance_type"],
        "current_group_name": own["instance_group_name"],
        "hosts": names,
        "instance_groups": found,
        "network_interface_name": network_interface(local=private_network or len(names) > 1),
    }


def channel_hosts(channel: Mapping[str, Any], resources: Mapping[str, Any]) -> list[str]:
    """The hosts that get an input channel, the first one first: those of its InstanceGroupNames, or all. ``resources``: what
    resourceconfig.json says."""
    source = (channel.get("DataSource") or {}).get("S3DataSource") or {}
    names = source.get("InstanceGroupNames")
    return [
        host
        for group in resources["instance_groups"]
        if not names or group["instance_group_name"] in names
        for host in group["hosts"]
    ]


def warnings(request: Mapping[str, Any]) -> list[str]:
    """What the request asks for that has no effect here, a sentence each, for the job's log."""
    found = []
    if request.get("DebugHookConfig") or request.get("DebugRuleConfigurations"):
        found.append(
            "Debugger is not offered by Clary; DebugHookConfig and DebugRuleConfigurations are ignored."
        )
    profiler = request.get("ProfilerConfig") or {}
    if (profiler and not profiler.get("DisableProfiler")) or request.get("ProfilerRuleConfigurations"):
        found.append(
            "Profiler is not offered by Clary; ProfilerConfig and ProfilerRuleConfigurations are ignored."
            " CPU, memory and GPU use are recorded anyway."
        )
    if request.get("VpcConfig"):
        found.append("VpcConfig is ignored: there is no VPC on this machine.")
    if request.get("EnableInterContainerTrafficEncryption"):
        found.append("Traffic between the job's hosts is not encrypted: it never leaves this machine.")
    return found


def network_interface(*, local: bool) -> str:
    """``eth0`` as on SageMaker where there is one, else the loopback; that in any case for hosts that talk to each other
    over it (``local``): scripts hand the name to gloo, NCCL and MPI."""
    if local:
        return "lo"
    if not os.path.isdir("/sys/class/net"):
        return "eth0"
    return "eth0" if "eth0" in {name for _, name in socket.if_nameindex()} else "lo"
