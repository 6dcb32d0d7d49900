import * as React from 'react';

import { interval } from '../pure/labeling';

export interface IInterval {
  readonly name: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Values between 0 and 1 with their confidence intervals, one a row, on a common scale. */
export function Intervals(props: { title: string; items: readonly IInterval[] }): JSX.Element {
  const least = Math.min(0, ...props.items.map(one => one.low ?? one.value ?? 0));
  const at = (value: number) => `${(100 * (value - least)) / (1 - least)}%`;
  return (
    <ul className="clary-Intervals" aria-label={props.title}>
      {props.items.map(one => (
        <li key={one.name}>
          <span className="clary-Intervals-name" title={one.name}>
            {one.name}
          </span>
          <span className="clary-Intervals-scale" aria-hidden="true">
            {one.low !== null && one.high !== null && (
              <span
                className="clary-Intervals-range"
                style={{ left: at(one.low), right: `calc(100% - ${at(one.high)})` }}
              />
            )}
            {one.value !== null && (
              <span className="clary-Intervals-mark" style={{ left: at(one.value) }} />
            )}
          </span>
          <span className="clary-Intervals-value">{interval(one.value, one.low, one.high)}</span>
        </li>
      ))}
    </ul>
  );
}
