/** Errors of the SageMaker API, as a front end wants them. */

/** An answer that is not 2xx: the code and the message that boto3 would raise. */
export class ApiError extends Error {
  constructor(
    readonly operation: string,
    readonly status: number,
    readonly code: string,
    message: string,
    readonly detail: string = ''
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether the resource is not there (older families say it in words only). */
  get notFound(): boolean {
    return (
      /^ResourceNotFound/.test(this.code) ||
      (this.code === 'ValidationException' &&
        /could not find|not found|does not exist/i.test(this.message))
    );
  }
}

/** The server could not be reached. */
export class ConnectionError extends Error {
  constructor(
    readonly operation: string,
    cause: unknown
  ) {
    super(
      `The Jupyter server did not answer (${cause instanceof Error ? cause.message : String(cause)}).`
    );
    this.name = 'ConnectionError';
  }
}

/** What to say of an answer that is not the API's. */
function unmodelled(status: number, body: string): string {
  if (status === 404) {
    return 'Clary does not answer at this Jupyter server. Its log tells why the extension clary.jupyter is not there.';
  }
  // A proxy's page: its text is for the dialog, not for one line.
  return body === '' || body.startsWith('<') ? `HTTP status ${status}` : body;
}

/** The error that the answer to `operation` tells: JSON with `__type` or `code`, or any other text. */
export function errorFrom(
  operation: string,
  status: number,
  header: string | null,
  body: string
): ApiError {
  let parsed: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(body);
    parsed = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Not JSON: a proxy's page or a traceback. The whole text is the detail.
  }
  const text = (key: string) => (typeof parsed[key] === 'string' ? (parsed[key] as string) : '');
  const type = text('__type') || header || text('code') || text('Code') || `HTTP ${status}`;
  const code = (type.split('#').pop() ?? type).split(':')[0];
  const told = text('OriginalMessage') || text('Message') || text('message');
  const message = told || unmodelled(status, body.trim());
  return new ApiError(operation, status, code, message, body);
}

/** The telling line of a failure reason: the script's own error where SageMaker's frame holds one. */
export function gist(reason: string): string {
  const own = /ErrorMessage "(.+?)"(?:\n|$)/s.exec(reason)?.[1];
  const lines = (own ?? reason).split('\n').filter(line => line.trim() !== '');
  if (own !== undefined) {
    return lines[lines.length - 1] ?? '';
  }
  // What AWS says where a processing job left no message of its own; its last words follow.
  const frame = /See job logs for more information$/.test(lines[0] ?? '') && lines.length > 1;
  return lines[frame ? 1 : 0] ?? '';
}

/** The whole story for a dialog: operation, code, status, message, and the answer if it says more. */
export function story(error: unknown): string {
  if (error instanceof ApiError) {
    const more = error.detail && !error.detail.startsWith('{') ? `\n\n${error.detail}` : '';
    const text = more.includes(error.message) ? more : `\n\n${error.message}${more}`;
    return `${error.operation} answered ${error.code} (HTTP ${error.status})${text}`;
  }
  if (error instanceof Error) {
    return error.stack ?? `${error.name}: ${error.message}`;
  }
  return String(error);
}
