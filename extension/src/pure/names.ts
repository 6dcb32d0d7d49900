/** Names and addresses: the rules of the SageMaker API that a form can check before it asks. */

const NAME = /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/;

/** Why `name` cannot name a model, an endpoint or a variant; null when it can. */
export function nameProblem(name: string): string | null {
  if (name === '') {
    return 'A name is needed.';
  }
  if (name.length > 63) {
    return `At most 63 characters; this has ${name.length}.`;
  }
  if (!NAME.test(name)) {
    return 'Letters, digits and hyphens only, beginning and ending with a letter or digit.';
  }
  return null;
}

/** Whether the API takes `text` as NameContains (an empty text is no filter). */
export function filterable(text: string): boolean {
  return /^[a-zA-Z0-9-]{0,63}$/.test(text);
}

/** A name that is made from another, with a suffix, within 63 characters. */
export function derivedName(base: string, suffix: string): string {
  return base.slice(0, 63 - suffix.length).replace(/-+$/, '') + suffix;
}

/** "20261122-1504": the local minute, as a suffix that keeps names apart. */
export function stamp(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return (
    `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}` +
    `-${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`
  );
}

/** The folder of an address: `s3://b/job/output/model.tar.gz` -> `s3://b/job/output`. */
export function parentOf(uri: string): string {
  const trimmed = uri.replace(/\/+$/, '');
  const cut = trimmed.lastIndexOf('/');
  return cut < trimmed.indexOf('://') + 3 ? trimmed : trimmed.slice(0, cut);
}

/** The last part of an address or ARN. */
export function lastPart(text: string): string {
  return text.replace(/\/+$/, '').split('/').pop() ?? text;
}

/** A Python string literal. JSON's escapes are Python's, too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** The boto3 line that describes a resource, ready to paste into a notebook. */
export function boto3Line(
  kind: 'training-job' | 'processing-job' | 'labeling-job' | 'model' | 'endpoint',
  name: string
): string {
  const call = {
    'training-job': ['describe_training_job', 'TrainingJobName'],
    'processing-job': ['describe_processing_job', 'ProcessingJobName'],
    'labeling-job': ['describe_labeling_job', 'LabelingJobName'],
    model: ['describe_model', 'ModelName'],
    endpoint: ['describe_endpoint', 'EndpointName']
  }[kind];
  return `boto3.client("sagemaker").${call[0]}(${call[1]}=${quoted(name)})`;
}
