import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ConnectionError, errorFrom } from './pure/errors';
import { IInvitation, IMember, IProgress, IResults } from './labeling/shapes';
import { IJobMetrics, IJobPhases, Input, Operation, Output } from './shapes';

const LOGS: ReadonlySet<Operation> = new Set(['DescribeLogStreams', 'GetLogEvents']);

/** One call to an endpoint's model, as the test box makes it. */
export interface IInvocation {
  endpoint: string;
  body: string;
  contentType: string;
  accept?: string;
  variant?: string;
}

export interface ILocation {
  /** Under the file browser's root; null when it lies elsewhere or is hidden there. */
  path: string | null;
  /** The absolute path; null when there is nothing. */
  local: string | null;
}

export interface IInvocationResult {
  body: string;
  contentType: string;
  variant: string;
  /** Milliseconds from sending the request to having the whole answer, the way through Jupyter included. */
  elapsed: number;
}

/**
 * The SageMaker API of this Jupyter server. Every method rejects with an `ApiError` (the server said
 * no) or a `ConnectionError` (nothing answered).
 */
export class SageMakerApi {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** Call an operation of `sagemaker` or `logs` (JSON 1.1). */
  async call<O extends Operation>(operation: O, input: Input<O>): Promise<Output<O>> {
    const prefix = LOGS.has(operation) ? 'Logs_20140328' : 'SageMaker';
    const response = await this.fetch(operation, 'clary/aws/', {
      method: 'POST',
      body: JSON.stringify(input),
      headers: {
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `${prefix}.${operation}`
      }
    });
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as Output<O>;
  }

  /** Invoke an endpoint (`sagemaker-runtime`). */
  async invoke(invocation: IInvocation): Promise<IInvocationResult> {
    const headers: Record<string, string> = { 'Content-Type': invocation.contentType };
    if (invocation.accept) {
      headers.Accept = invocation.accept;
    }
    if (invocation.variant) {
      headers['X-Amzn-SageMaker-Target-Variant'] = invocation.variant;
    }
    const path = `clary/aws/endpoints/${encodeURIComponent(invocation.endpoint)}/invocations`;
    const started = performance.now();
    const response = await this.fetch('InvokeEndpoint', path, {
      method: 'POST',
      body: invocation.body,
      headers
    });
    const body = await response.text();
    return {
      body,
      contentType: response.headers.get('Content-Type') ?? '',
      variant: response.headers.get('x-Amzn-Invoked-Production-Variant') ?? '',
      elapsed: performance.now() - started
    };
  }

  /** The metric and resource samples of a training job. */
  metrics(job: string): Promise<IJobMetrics> {
    return this.rest(`clary/training-jobs/${encodeURIComponent(job)}/metrics`);
  }

  /** The phases and resource samples of a processing job. */
  phases(job: string): Promise<IJobPhases> {
    return this.rest(`clary/processing-jobs/${encodeURIComponent(job)}/phases`);
  }

  /** What there is to look at of a labeling job. */
  results(job: string): Promise<IResults> {
    return this.rest(`${labelingJob(job)}/results`);
  }

  /** How far a labeling job is for whoever is logged in here. */
  async labelingProgress(job: string): Promise<IProgress> {
    const body = { method: 'open', params: {} };
    const answer = await this.rest<{ result: { progress: IProgress } }>(
      `${labelingJob(job)}/canvas`,
      'POST',
      body
    );
    return answer.result.progress;
  }

  /** Who has a link to label a work team's jobs. */
  async members(team: string): Promise<IMember[]> {
    return (await this.rest<{ members: IMember[] }>(members(team))).members;
  }

  /** A link for a new member; it is told once. */
  invite(team: string, name: string): Promise<IInvitation> {
    return this.rest(members(team), 'POST', { name });
  }

  /** Make a member's link worthless. */
  revoke(team: string, name: string): Promise<unknown> {
    return this.rest(`${members(team)}/${encodeURIComponent(name)}`, 'DELETE');
  }

  /** The address of a labeling job's image, scaled down to `size` pixels at its longest edge. */
  imageUrl(job: string, object: number, size: number): string {
    return URLExt.join(
      this.settings.baseUrl,
      `${labelingJob(job)}/objects/${object}/image?size=${size}`
    );
  }

  /** Where a labeling job's canvas talks to, how it asks, and where its modules are. */
  canvas(job: string): { address: string; modules: string; fetch: typeof fetch } {
    return {
      address: URLExt.join(this.settings.baseUrl, labelingJob(job)),
      modules: URLExt.join(this.settings.baseUrl, 'clary/canvas'),
      fetch: (url, init) => ServerConnection.makeRequest(String(url), init ?? {}, this.settings)
    };
  }

  /** What this machine can do. */
  doctor(): Promise<unknown> {
    return this.rest('clary/doctor');
  }

  /** Where an `s3://` or `file://` address lies on the server's machine. */
  locate(uri: string): Promise<ILocation> {
    return this.rest(`clary/locate?uri=${encodeURIComponent(uri)}`);
  }

  private async rest<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
    const init =
      body === undefined
        ? { method }
        : { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    return (await (await this.fetch(path, path, init)).json()) as T;
  }

  private async fetch(operation: string, path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      const url = URLExt.join(this.settings.baseUrl, path);
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (cause) {
      throw new ConnectionError(operation, cause);
    }
    if (!response.ok) {
      const type = response.headers.get('x-amzn-ErrorType');
      throw errorFrom(operation, response.status, type, await response.text());
    }
    return response;
  }
}

function labelingJob(name: string): string {
  return `clary/labeling-jobs/${encodeURIComponent(name)}`;
}

function members(team: string): string {
  return `clary/workteams/${encodeURIComponent(team)}/members`;
}
