"""SageMaker Metrics: the values of experiment runs, put by the SDK's Run and read back by step or by time."""

from __future__ import annotations
