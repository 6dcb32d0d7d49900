"""SageMaker's SDK 2, unchanged: warm pools, as its documentation shows them."""

from __future__ import annotations

from tests.sdks.test_v2_estimators import START
from tests.sdks.user import User


def test_keep_alive_period_makes_a_pool_that_the_next_fit_reuses_and_the_session_updates(v2: User) -> None:
    v2.write("code/train.py", "print('trained')\n")
    ran = v2.run(
        START
        + """
def pool(name):
    return session.describe_training_job(name)["WarmPoolStatus"]

estimator = Estimator(keep_alive_period_in_seconds=1800, **custom)
estimator.fit(logs=False)
first = estimator.latest_training_job.name
assert pool(first)["Status"] == "Available", pool(first)
estimator.fit(logs=False)
second = estimator.latest_training_job.name
assert (pool(first)["Status"], pool(first)["ReusedByJob"]) == ("Reused", second), pool(first)
assert pool(second)["Status"] == "Available", pool(second)
session.update_training_job(second, resource_config={"KeepAlivePeriodInSeconds": 3600})
assert session.describe_training_job(second)["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 3600
attached = Estimator.attach(second, sagemaker_session=session)
assert attached.keep_alive_period_in_seconds == 3600
session.update_training_job(second, resource_config={"KeepAlivePeriodInSeconds": 0})
assert pool(second)["Status"] == "Terminated", pool(second)
print("done with pools")
"""
    )
    assert ran.lines("done with pools")
