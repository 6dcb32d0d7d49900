"""What CreateLabelingJob accepts beyond the shapes of the service model, and the labeling job it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api import labeling_options, labeling_ui
from clary.api.errors import ApiError, validation
from clary.api.labeling_functions import Functions, functions_of
from clary.api.operations import resources, workteam
from clary.api.operations.resources import refuse
from clary.labeling import categories, manifest, tasks
from clary.labeling.settings import Automatic, JobSettings, Label
from clary.labeling.tasks.catalog import ALGORITHMS
from clary.labeling.templates.form import HEADER, TEMPLATE
from clary.objects import ObjectsError

if TYPE_CHECKING:
    from clary.api.engine import Engine

# AWS's limits of image and text jobs with a private workforce, and its defaults; seconds.
_LONGEST_TASK_S = 28_800
_LONGEST_AVAILABILITY_S = 2_592_000
_CONCURRENT = 1000


def settings_of(engine: Engine, params: dict[str, Any], arn: str) -> JobSettings:
    """The job that a request asks for. Raises ApiError that says what is wrong with it."""
    human = params["HumanTaskConfig"]
    team = workteam.by_arn(engine, human["WorkteamArn"])
    input_uri, output_uri = _places(engine, params)
    template, where = labeling_ui.template_text(engine, human["UiConfig"])
    functions = functions_of(engine, human)
    known = _categories(engine, params, functions)
    page = labeling_ui.page_of(template, where, known.labels) if template else None
    task = functions.task or (page.task if page else "")
    if not task:
        raise validation(
            "Nothing says what kind of task this is: give PreHumanTaskLambdaArn and AnnotationConsolidationLambdaArn of a "
            "built-in task (PRE-ImageMultiClass and ACS-ImageMultiClass, say), or a template with a crowd element."
        )
    if page is not None and functions.task:
        labeling_ui.check_fits(page, where, task, functions.mode)
    labels = known.labels or (page.labels if page else ())
    if not labels:
        raise validation(
            "There are no labels: give LabelCategoryConfigS3Uri, or list them in the template's crowd element."
        )
    _check_labels(labels, task, functions)
    audited = _audited(known, params, functions)
    _check_attribute(params["LabelAttributeName"], task, functions, audited)
    _check_times(human)
    options = labeling_options.checked(known.clary)
    automatic = _automatic(engine, params, options, task, functions)
    stopping = params.get("StoppingConditions", {})
    share = stopping.get("MaxPercentageOfInputDatasetLabeled")
    # A built-in function gives every object the same input: the template is read once, here. A function of the user's own
    # does not, and a template without a function may show anything of the line.
    each = bool(template) and not functions.built_in
    return JobSettings(
        name=params["LabelingJobName"],
        arn=arn,
        task=task,
        mode=functions.mode,
        attribute=params["LabelAttributeName"],
        audit_attribute=audited,
        input_uri=input_uri,
        output_uri=output_uri,
        labels=labels,
        title=human["TaskTitle"],
        description=human["TaskDescription"],
        instructions=known.instructions or (page.instructions if page else ""),
        full_instructions=known.full_instructions or (page.full_instructions if page else ""),
        workteam=team.arn,
        workers_per_object=human["NumberOfHumanWorkersPerDataObject"],
        task_time_limit_s=float(human["TaskTimeLimitInSeconds"]),
        availability_s=float(human.get("TaskAvailabilityLifetimeInSeconds", _LONGEST_AVAILABILITY_S)),
        max_concurrent=human.get("MaxConcurrentTaskCount", _CONCURRENT),
        max_labeled_share=None if share is None else share / 100,
        max_human_labeled=stopping.get("MaxHumanLabeledObjectCount"),
        review_below=options.get("review_below"),
        automatic=automatic,
        gold=labeling_options.gold(options),
        prelabel_attribute=options.get("prelabel_attribute", ""),
        template=where,
        pre=functions.pre,
        post=functions.post,
        options={
            "role_arn": params["RoleArn"],
            **({TEMPLATE: template} if each else {}),
            **({"answer_name": page.name} if page and page.name else {}),
            **({HEADER: page.header} if page and page.header and not each else {}),
            **{name: options[name] for name in ("grid", "auto_advance") if name in options},
        },
    )


def _places(engine: Engine, params: dict[str, Any]) -> tuple[str, str]:
    """Where the input manifest is and the output goes."""
    source = params["InputConfig"]["DataSource"]
    if "SnsDataSource" in source or "SnsTopicArn" in params["OutputConfig"]:
        raise refuse(
            "A streaming labeling job (SNS)",
            "Give the objects in an input manifest: S3DataSource.ManifestS3Uri.",
        )
    if "S3DataSource" not in source:
        raise validation("InputConfig.DataSource must have S3DataSource.")
    input_uri, output_uri = source["S3DataSource"]["ManifestS3Uri"], params["OutputConfig"]["S3OutputPath"]
    found = engine.objects.resolve(input_uri).path
    if not found.is_file():
        raise validation(f"There is no input manifest at {input_uri}.")
    if found.stat().st_size == 0:
        raise validation(f"The input manifest at {input_uri} is empty.")
    engine.objects.resolve(
        f"{output_uri.rstrip('/')}/{params['LabelingJobName']}/manifests/output/output.manifest"
    )
    return input_uri, output_uri


def _categories(engine: Engine, params: dict[str, Any], functions: Functions) -> categories.Categories:
    """The label category file; nothing for a custom job without one, whose template lists the labels."""
    uri = params.get("LabelCategoryConfigS3Uri", "")
    if not uri:
        if functions.built_in:
            raise validation("LabelCategoryConfigS3Uri must be given for a built-in task.")
        return categories.Categories(())
    try:
        return categories.parse(engine.objects.read_uri(uri), functions.task, functions.mode)
    except ObjectsError as error:
        raise validation(f"The label category file at {uri} cannot be read: {error}") from None
    except categories.CategoriesError as error:
        raise validation(f"{uri}: {error}") from None


def _check_labels(labels: tuple[Label, ...], task: str, functions: Functions) -> None:
    try:
        categories.check_labels(labels, task, functions.mode)
    except categories.CategoriesError as error:
        raise validation(str(error)) from None


def _audited(known: categories.Categories, params: dict[str, Any], functions: Functions) -> str:
    """The attribute that is verified or adjusted."""
    if functions.mode == "label":
        return ""
    if not known.audit_attribute:
        raise validation(
            "A job that verifies or adjusts labels needs auditLabelAttributeName in its label category file: the attribute of "
            "the input manifest that holds them."
        )
    return known.audit_attribute


def _check_attribute(name: str, task: str, functions: Functions, audited: str) -> None:
    custom = bool(functions.pre or functions.post)
    try:
        manifest.check_attribute(name, None if custom else tasks.find(task), functions.mode, audited)
    except manifest.ManifestError as error:
        raise validation(str(error)) from None


def _check_times(human: dict[str, Any]) -> None:
    limit = human["TaskTimeLimitInSeconds"]
    available = human.get("TaskAvailabilityLifetimeInSeconds", _LONGEST_AVAILABILITY_S)
    if limit > _LONGEST_TASK_S:
        raise validation(
            f"TaskTimeLimitInSeconds is {limit}; it can be {_LONGEST_TASK_S} (8 hours) at most for images and texts."
        )
    if available > _LONGEST_AVAILABILITY_S:
        raise validation(
            f"TaskAvailabilityLifetimeInSeconds is {available}; it can be {_LONGEST_AVAILABILITY_S} (30 days) at most for a "
            "private workforce."
        )
    if limit > available:
        raise validation(
            f"TaskTimeLimitInSeconds ({limit}) must not be more than TaskAvailabilityLifetimeInSeconds ({available})."
        )
    if "PublicWorkforceTaskPrice" in human:
        raise validation(
            "PublicWorkforceTaskPrice is for the public workforce; this job's work team is private."
        )


def _automatic(
    engine: Engine, params: dict[str, Any], options: dict[str, Any], task: str, functions: Functions
) -> Automatic | None:
    asked = params.get("LabelingJobAlgorithmsConfig")
    if asked is None and "epsilon" not in options:
        return None
    if functions.mode != "label" or functions.pre or functions.post:
        raise validation(
            "Automatic labels are for jobs with a built-in task that label, not for verification or custom ones."
        )
    if asked is not None:
        arn = asked["LabelingJobAlgorithmSpecificationArn"]
        _, _, algorithm = arn.rpartition("labeling-job-algorithm-specification/")
        if algorithm not in ALGORITHMS or ":labeling-job-algorithm-specification/" not in arn:
            raise validation(
                f"LabelingJobAlgorithmSpecificationArn {arn!r} is none of AWS's: it ends in "
                f"labeling-job-algorithm-specification/ and one of {', '.join(ALGORITHMS)}."
            )
        if task not in ALGORITHMS[algorithm]:
            raise validation(f"The algorithm {algorithm} does not label {task}.")
        if "InitialActiveLearningModelArn" in asked:
            options = {**options, **_model(engine, asked["InitialActiveLearningModelArn"])}
    return labeling_options.automatic(options, asked is not None)


def _model(engine: Engine, arn: str) -> dict[str, str]:
    """Where the artifact of a model is, and the code that belongs to it."""
    document = engine.store.documents.find_by_arn(arn)
    if document is None or document.kind != "model":
        raise ApiError("ResourceNotFound", f"The model {arn} does not exist.")
    containers = [document.body.get("PrimaryContainer"), *document.body.get("Containers", [])]
    container = next((one for one in containers if one and one.get("ModelDataUrl")), None)
    if container is None or not resources.anything_at(engine, container["ModelDataUrl"]):
        raise validation(f"The model {arn} has no artifact (ModelDataUrl) that could be read.")
    variables = container.get("Environment") or {}
    code = variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    return {
        "model": container["ModelDataUrl"],
        "code": code if "://" in code else "",  # /opt/ml/model/code: it is in the artifact
        "program": variables.get("SAGEMAKER_PROGRAM", ""),
    }
