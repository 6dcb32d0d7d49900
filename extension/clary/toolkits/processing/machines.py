"""The machines of a processing job, told as a training job would: what knows hosts and networks is the same for both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.toolkits.training import cluster

HOST = cluster.HOST


def chosen(request: Mapping[str, Any]) -> tuple[str, int]:
    """(instance type, instance count) of a CreateProcessingJob request. Of InstancePreferences it is the first: this machine
    always has room for it."""
    config = request["ProcessingResources"]["ClusterConfig"]
    preferences = config.get("InstancePreferences")
    if not preferences:
        return config["InstanceType"], config.get("InstanceCount") or 1
    first = preferences[0]
    return first["InstanceType"], first.get("InstanceCount") or config.get("InstanceCount") or 1


def as_training(request: Mapping[str, Any]) -> dict[str, Any]:
    """Those members of a CreateTrainingJob request that ask for the image, the hosts and the network of this one."""
    kind, count = chosen(request)
    network = request.get("NetworkConfig") or {}
    asked: dict[str, Any] = {
        "AlgorithmSpecification": {"TrainingImage": request["AppSpecification"]["ImageUri"]},
        "ResourceConfig": {"InstanceType": kind, "InstanceCount": count},
    }
    for member in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "VpcConfig"):
        if network.get(member):
            asked[member] = network[member]
    return asked


def hosts(request: Mapping[str, Any]) -> list[str]:
    """``algo-1``, ``algo-2``, ..."""
    return cluster.hosts(as_training(request))


def resource_config(request: Mapping[str, Any], host: str, *, private_network: bool) -> dict[str, Any]:
    """What resourceconfig.json says on ``host``."""
    whole = cluster.resource_config(as_training(request), host, private_network=private_network)
    members = ("current_host", "hosts", "current_instance_type", "network_interface_name")
    return {member: whole[member] for member in members}


def warnings(request: Mapping[str, Any]) -> list[str]:
    """What the request asks for that has no effect here, a sentence each, for the job's log."""
    return cluster.warnings(as_training(request))
