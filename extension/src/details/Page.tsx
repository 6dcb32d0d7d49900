import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ILive } from '../components/hooks';
import { CopyButton, IconButton, Problem } from '../components/parts';
import { StatusBadge } from '../components/StatusBadge';
import { KIND_ICONS } from '../icons';
import { ApiError } from '../pure/errors';
import { boto3Line } from '../pure/names';
import { Kind } from '../shapes';

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  'training-job': 'Training job',
  'processing-job': 'Processing job',
  'labeling-job': 'Labeling job',
  model: 'Model',
  endpoint: 'Endpoint'
};

/** The frame of a resource's page: its head, and its body once the resource is known. */
export function Page<T>(props: {
  kind: Kind;
  name: string;
  live: ILive<T>;
  status?: string;
  actions?: React.ReactNode;
  children: (data: T) => React.ReactNode;
}): JSX.Element {
  const { kind, name, live } = props;
  const gone = live.error instanceof ApiError && live.error.notFound;
  const Icon = KIND_ICONS[kind];
  return (
    <div className="clary-Page" data-kind={kind} data-name={name}>
      <header className="clary-Page-header">
        <Icon.react tag="span" width="28px" height="28px" aria-hidden="true" />
        <div className="clary-Page-title">
          <span className="clary-Page-kind">{KIND_WORDS[kind]}</span>
          <h1 title={name}>{name}</h1>
        </div>
        {props.status !== undefined && !gone && <StatusBadge status={props.status} />}
        <div className="clary-Page-actions">
          {!gone && props.actions}
          <CopyButton text={boto3Line(kind, name)} label="Copy the boto3 call" />
          <IconButton icon={refreshIcon} label="Refresh" onClick={live.refresh} />
        </div>
      </header>
      {gone ? (
        <p className="clary-Page-note" role="status">
          There is no {KIND_WORDS[kind].toLowerCase()} named “{name}” any more. You may close this
          tab.
        </p>
      ) : (
        <>
          {live.error !== null && live.error !== undefined && (
            <Problem
              title="Could not be read"
              text={live.error instanceof Error ? live.error.message : String(live.error)}
            />
          )}
          {live.data === null ? (
            live.error ? null : (
              <p className="clary-Page-note">Loading…</p>
            )
          ) : (
            <div className="clary-Page-body">{props.children(live.data)}</div>
          )}
        </>
      )}
    </div>
  );
}
