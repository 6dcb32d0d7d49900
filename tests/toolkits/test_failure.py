"""The reason of a failure, found in the last lines of a log."""

from __future__ import annotations

import pytest

from clary.toolkits.training import failure

TRACEBACK = [
    "epoch 1",
    "Traceback (most recent call last):",
    '  File "/opt/ml/code/train.py", line 3, in <module>',
    "    f()",
    "ValueError: first",
]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], ""),
        (["one", "", "two"], "one\ntwo"),
        ([str(n) for n in range(9)], "4\n5\n6\n7\n8"),
        (TRACEBACK, "ValueError: first"),
        ([*TRACEBACK, "", "During handling of the above exception, another exception occurred:", "", *TRACEBACK[1:-1],
          "mine.errors.Odd: second", "with a second line"], "mine.errors.Odd: second\nwith a second line"),
        (["Traceback (most recent call last):", "  File x", "KeyboardInterrupt"], "KeyboardInterrupt"),
        (["Traceback (most recent call last):", "  File x"], "Traceback (most recent call last):\n  File x"),
        (["  | Traceback (most recent call last):", "  |   File x", "ExceptionGroup: g (1 sub-exception)"],
         "ExceptionGroup: g (1 sub-exception)"),
        (["real words", "[clary] away is a link out of the folder"], "real words"),
    ],
)  # fmt: skip
def test_the_message_is_the_last_exception_or_the_last_lines(lines: list[str], message: str) -> None:
    assert failure.error_message(lines) == message


def test_a_full_log_is_said_to_be_full() -> None:
    lines = ["x", "[clary] The log reached its limit (log_limit_mb); later output is dropped."]
    assert failure.error_message(lines).startswith("the log had reached its limit")


@pytest.mark.parametrize("length", [10, 1000, 1024, 5000])
def test_a_long_reason_keeps_its_exit_code(length: int) -> None:
    reason = failure.reason("x" * length, 137)
    assert len(reason) <= failure.LIMIT
    assert reason.startswith("AlgorithmError: xxx")
    assert reason.endswith("x, exit code: 137")
