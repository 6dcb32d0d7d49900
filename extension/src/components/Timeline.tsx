import * as React from 'react';

import { failedPhase, finished, phases, tone, words } from '../pure/status';
import { clock, duration } from '../pure/time';
import { ITransition } from '../shapes';
import { useNow } from './hooks';
import { Glyph } from './StatusBadge';

/** The phases of a job from left to right, each with how long it took. */
export function Timeline(props: {
  transitions: readonly ITransition[];
  /** Why the job failed. */
  reason?: string;
}): JSX.Element {
  const transitions = phases(props.transitions);
  const last = transitions[transitions.length - 1];
  const live = last !== undefined && last.EndTime === undefined && !finished(last.Status);
  const now = useNow(1000, live);
  const failedAt = failedPhase(transitions, props.reason);
  return (
    <ol className="clary-Timeline" aria-label="Phases">
      {transitions.map((one, i) => {
        const current = i === transitions.length - 1;
        const end = one.EndTime ?? transitions[i + 1]?.StartTime ?? now;
        const closing = finished(one.Status);
        const passed = one.Status === 'Interrupted' ? 'warn' : 'good';
        const look = current ? tone(one.Status) : i === failedAt ? 'bad' : passed;
        return (
          <li
            key={`${one.Status}-${one.StartTime}-${i}`}
            className={`clary-Phase clary-mod-${look}`}
            aria-current={current ? 'step' : undefined}
            title={one.StatusMessage}
          >
            <span className="clary-Phase-dot">
              <Glyph tone={look} />
            </span>
            <span className="clary-Phase-name">{words(one.Status)}</span>
            <span className="clary-Phase-time">
              {i === failedAt && 'failed after '}
              {closing ? clock(one.StartTime) : duration(Math.max(0, end - one.StartTime))}
            </span>
            {current && one.StatusMessage && (
              <span className="clary-Phase-message">{one.StatusMessage.slice(0, 160)}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
