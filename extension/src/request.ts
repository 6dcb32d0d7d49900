import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ConnectionError, errorFrom } from './pure/errors';
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

  /** What this machine can do. */
  doctor(): Promise<unknown> {
    return this.rest('clary/doctor');
  }

  /** Where an `s3://` or `file://` address lies on the server's machine. */
  locate(uri: string): Promise<ILocation> {
    return this.rest(`clary/locate?uri=${encodeURIComponent(uri)}`);
  }

  private async rest<T>(path: string): Promise<T> {
    return (await (await this.fetch(path, path, { method: 'GET' })).json()) as T;
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
