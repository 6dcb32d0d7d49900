"""What the API tells of instance types: every one that a training job may name, on AWS and on this machine."""

from __future__ import annotations

import json
from typing import Any

from clary.api.http_types import Request


def test_each_instance_type_is_told_with_what_this_machine_gives_for_it(engine: Any) -> None:
    answer = json.loads(
        engine.handle(Request("GET", "/clary/instance-types/training", service="clary"), True).content()
    )
    machine, types = answer["machine"], {one["name"]: one for one in answer["types"]}
    assert machine["cpus"] == engine.config.cpus
    assert types["ml.m5.xlarge"]["aws"] == {"vcpus": 4, "memory_mb": 16384, "gpus": 0}
    assert types["ml.p4d.24xlarge"]["aws"]["gpus"] == 8
    for one in types.values():
        assert 0 < one["here"]["cpus"] <= machine["cpus"]
        assert one["here"]["memory_mb"] <= machine["memory_mb"]
        assert one["here"]["gpus"] <= machine["gpus"]
