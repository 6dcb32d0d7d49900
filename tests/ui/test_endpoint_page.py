"""The pages of an endpoint and of a model."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui import samples
from tests.ui.lab import until
from tests.ui.test_training_page import opened


def in_service(sagemaker: Any, name: str) -> bool:
    status = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
    assert status != "Failed", sagemaker.describe_endpoint(EndpointName=name)["FailureReason"]
    return bool(status == "InService")


@pytest.fixture(scope="module")
def sums(lab: Any) -> str:
    """An endpoint with two variants weighted 1:3."""
    client = lab.client("sagemaker")
    samples.make_endpoint(client, "sums", blue=1, green=3)
    until(lambda: in_service(client, "sums"), 60)
    return "sums"


def endpoint_page(page: Any, name: str) -> Any:
    page.locator("#clary-panel .clary-Section").last.locator(
        f'.clary-Row[data-name="{name}"] .clary-Row-open'
    ).click()
    found = page.locator(f'.clary-Page[data-kind="endpoint"][data-name="{name}"]')
    found.locator("h1").wait_for()
    return found


def test_the_page_shows_variants_and_their_share_of_the_traffic(page: Any, sums: str) -> None:
    endpoint = endpoint_page(page, sums)
    expect(endpoint.locator(".clary-Badge")).to_contain_text("In service")
    expect(endpoint.get_by_role("row", name="blue")).to_contain_text("25 %")
    expect(endpoint.get_by_role("row", name="green")).to_contain_text("75 %")


def test_the_test_box_invokes_the_endpoint(page: Any, sums: str) -> None:
    endpoint = endpoint_page(page, sums)
    endpoint.get_by_label("Request body").fill("[[1, 2, 3], [4, 5]]")
    endpoint.get_by_role("button", name="Invoke").click()
    answer = endpoint.locator(".clary-Answer")
    expect(answer).to_contain_text('{"sums":[6,9]}')
    expect(answer).to_contain_text("ms")
    endpoint.get_by_label("Variant", exact=True).select_option("blue")
    endpoint.get_by_label("Request body").press("Control+Enter")
    expect(answer.locator(".clary-Answer-head")).to_contain_text("blue")
    expect(endpoint.get_by_role("log")).to_contain_text("/invocations")


def test_an_error_of_the_model_is_shown_with_its_text(page: Any, sums: str) -> None:
    endpoint = endpoint_page(page, sums)
    endpoint.get_by_label("Content type").fill("text/csv")
    endpoint.get_by_label("Request body").fill("1,2,3")
    endpoint.get_by_role("button", name="Invoke").click()
    expect(endpoint.get_by_role("alert")).to_contain_text("only JSON, not text/csv")
    expect(endpoint.get_by_role("alert")).to_contain_text("ModelError")


def test_every_control_has_a_name(page: Any, sums: str, sagemaker: Any) -> None:
    samples.train(sagemaker, "named", epochs=1, pause=0.05)
    endpoint_page(page, sums).get_by_role("log").wait_for()
    opened(page, "named").get_by_role("log").wait_for()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.clary-Panel, .clary-Detail')]
            .flatMap(part => [...part.querySelectorAll('button, input, select, textarea, [role=img], [role=log]')])
            .filter(node => !node.textContent.trim() && !node.ariaLabel && !node.labels?.length)
            .map(node => node.outerHTML)"""
    )
    assert nameless == []


def test_weights_are_changed_in_place(page: Any, sums: str, sagemaker: Any) -> None:
    endpoint = endpoint_page(page, sums)
    weight = endpoint.get_by_label("Weight of blue")
    apply = endpoint.get_by_role("button", name="Apply")
    expect(apply).to_be_disabled()
    weight.fill("-1")
    expect(endpoint.get_by_role("alert")).to_contain_text("A weight is a number of 0 or more")
    expect(weight).to_have_attribute("aria-invalid", "true")
    expect(apply).to_be_disabled()
    weight.fill("3")
    apply.click()
    expect(endpoint.get_by_role("row", name="blue")).to_contain_text("50 %")
    variants = sagemaker.describe_endpoint(EndpointName=sums)["ProductionVariants"]
    assert {one["VariantName"]: one["CurrentWeight"] for one in variants} == {"blue": 3.0, "green": 3.0}


def test_a_model_is_deployed_and_the_endpoint_deleted(page: Any, sagemaker: Any) -> None:
    samples.make_model(sagemaker, "adder")
    model = opened(page, "adder")
    expect(model).to_contain_text("s3://digits/models/sums.tar.gz")
    expect(model).to_contain_text("SAGEMAKER_PROGRAM")
    model.get_by_role("button", name="Deploy").click()
    dialog = page.locator(".jp-Dialog")
    name = dialog.get_by_label("Endpoint name")
    expect(name).to_be_focused()
    name.fill("no_such_name")
    dialog.get_by_role("button", name="Deploy").click()
    expect(dialog).to_contain_text("Letters, digits and hyphens only")
    name.fill("adder-1")
    dialog.get_by_role("button", name="Deploy").click()
    endpoint = page.locator('.clary-Page[data-kind="endpoint"][data-name="adder-1"]')
    expect(endpoint.locator(".clary-Badge")).to_contain_text("In service", timeout=60_000)
    endpoint.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(endpoint).to_contain_text("There is no endpoint named", timeout=30_000)
    assert "adder-1" not in [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]]


def test_an_error_of_the_api_keeps_the_deploy_dialog_open(page: Any, sums: str, sagemaker: Any) -> None:
    samples.make_model(sagemaker, "second")
    opened(page, "second").get_by_role("button", name="Deploy").click()
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_label("Endpoint name").fill(sums)
    before = len(sagemaker.list_endpoint_configs()["EndpointConfigs"])
    dialog.get_by_role("button", name="Deploy").click()
    expect(dialog.get_by_role("alert").filter(has_text="Not deployed")).to_contain_text("already exist")
    assert len(sagemaker.list_endpoint_configs()["EndpointConfigs"]) == before
    dialog.get_by_role("button", name="Cancel").click()


def test_an_endpoint_that_cannot_start_says_why(page: Any, lab: Any, sagemaker: Any) -> None:
    broken = samples.packed(code__inference_py="raise RuntimeError('the model is empty')\n")
    lab.client("s3").put_object(Bucket=samples.BUCKET, Key="models/broken.tar.gz", Body=broken)
    sagemaker.create_model(
        ModelName="broken",
        ExecutionRoleArn=samples.ROLE,
        PrimaryContainer={
            "Image": samples.IMAGE,
            "ModelDataUrl": f"s3://{samples.BUCKET}/models/broken.tar.gz",
        },
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="broken",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": "broken",
                "InstanceType": "ml.t2.medium",
                "InitialInstanceCount": 1,
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName="broken", EndpointConfigName="broken")
    endpoint = endpoint_page(page, "broken")
    expect(endpoint.locator(".clary-Badge")).to_contain_text("Failed", timeout=60_000)
    expect(endpoint.get_by_role("alert")).to_be_visible()
    expect(endpoint.get_by_role("log")).to_contain_text("the model is empty")
    expect(endpoint.get_by_role("region", name="Variants")).to_contain_text("This endpoint failed to start")
    expect(endpoint.get_by_role("button", name="Apply")).to_have_count(0)
    expect(endpoint.get_by_role("button", name="Invoke")).to_have_count(0)
