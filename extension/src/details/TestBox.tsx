import * as React from 'react';

import { useClary } from '../components/context';
import { Card, CopyButton, Problem } from '../components/parts';
import { story } from '../pure/errors';
import { IInvocationResult } from '../request';

const CONTENT_TYPES = ['application/json', 'text/csv', 'application/jsonlines', 'text/plain'];

/** Sends a body to the endpoint and shows what comes back, from which variant, and how fast. */
export function TestBox(props: {
  endpoint: string;
  ready: boolean;
  variants: readonly string[];
}): JSX.Element {
  const clary = useClary();
  const id = React.useId();
  const [contentType, setContentType] = React.useState(CONTENT_TYPES[0]);
  const [variant, setVariant] = React.useState('');
  const [body, setBody] = React.useState('');
  const [busy, setBusy] = React.useState(false);
  const [result, setResult] = React.useState<IInvocationResult | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const can = props.ready && !busy && body !== '';

  const send = async () => {
    setBusy(true);
    try {
      setResult(await clary.api.invoke({ endpoint: props.endpoint, body, contentType, variant }));
      setError(null);
    } catch (problem) {
      setError(problem);
      setResult(null);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Card title="Test" wide className="clary-Test">
      <form
        data-lm-suppress-shortcuts
        onSubmit={event => {
          event.preventDefault();
          void send();
        }}
      >
        <div className="clary-Form-row">
          <label htmlFor={`${id}-type`}>Content type</label>
          <input
            id={`${id}-type`}
            list={`${id}-types`}
            value={contentType}
            onChange={event => setContentType(event.target.value)}
          />
          <datalist id={`${id}-types`}>
            {CONTENT_TYPES.map(one => (
              <option key={one} value={one} />
            ))}
          </datalist>
          <label htmlFor={`${id}-variant`}>Variant</label>
          <select
            id={`${id}-variant`}
            value={variant}
            onChange={event => setVariant(event.target.value)}
          >
            <option value="">By weight</option>
            {props.variants.map(one => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <button type="submit" className="clary-Button clary-mod-accept" disabled={!can}>
            {busy ? 'Sending…' : 'Invoke'}
          </button>
          <span className="clary-Dim">Ctrl + Enter</span>
        </div>
        <textarea
          aria-label="Request body"
          placeholder={contentType === 'text/csv' ? '0.1,0.2,0.3' : '[[0.1, 0.2, 0.3]]'}
          rows={5}
          spellCheck={false}
          value={body}
          onChange={event => setBody(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && can) {
              event.preventDefault();
              void send();
            }
          }}
        />
      </form>
      <div aria-live="polite">
        {result && (
          <div className="clary-Answer">
            <div className="clary-Answer-head">
              <span>
                Variant <strong>{result.variant || '–'}</strong>
              </span>
              <span>
                <strong>
                  {result.elapsed < 10 ? result.elapsed.toFixed(1) : Math.round(result.elapsed)} ms
                </strong>{' '}
                by way of Jupyter
              </span>
              <span>{result.contentType}</span>
              <CopyButton text={result.body} label="Copy the answer" />
            </div>
            <pre tabIndex={0}>{pretty(result.body, result.contentType)}</pre>
          </div>
        )}
        {error !== null && (
          <Problem title="The endpoint did not answer with a prediction" text={story(error)} />
        )}
      </div>
    </Card>
  );
}

/** JSON with a line for each row; anything else as it came. */
function pretty(body: string, contentType: string): string {
  if (!contentType.includes('json') || body.length > 200_000) {
    return body;
  }
  try {
    const value: unknown = JSON.parse(body);
    if (Array.isArray(value) && value.some(Array.isArray)) {
      return `[\n${value.map(row => `  ${JSON.stringify(row)}`).join(',\n')}\n]`;
    }
    const line = JSON.stringify(value);
    return Array.isArray(value) || line.length <= 100 ? line : JSON.stringify(value, null, 2);
  } catch {
    return body;
  }
}
