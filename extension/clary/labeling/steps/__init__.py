"""The steps of a labeling job: preparing, learning, writing, each a job of the runner, one at a time.

What a step does follows from the job's database alone, so it may be killed at any line and repeated. Nothing waits in a daemon:
whoever records the answer that completes a batch starts the next step, and `tend` picks up what a crash left.
"""

from clary.labeling.steps.submitting import KIND, ensure, retry, start, stop, tend

__all__ = ["KIND", "ensure", "retry", "start", "stop", "tend"]
