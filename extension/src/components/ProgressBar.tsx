import * as React from 'react';

import { IProgress } from '../pure/status';

/** How far a notebook job is, in cells. */
export function ProgressBar(props: { progress: IProgress; label: string }): JSX.Element {
  const { done, total } = props.progress;
  return (
    <div className="clary-Progress">
      <div
        role="progressbar"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
        className="clary-Progress-track"
      >
        <div className="clary-Progress-fill" style={{ width: `${(100 * done) / total}%` }} />
      </div>
      <span>
        {props.label}: {done} of {total}
      </span>
    </div>
  );
}
