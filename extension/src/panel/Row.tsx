import * as React from 'react';

import { Glyph } from '../components/StatusBadge';
import { Ago } from '../components/parts';
import { tone, words } from '../pure/status';

/** So many characters at a name's end always show: names often differ there only. */
const TAIL = 10;

/** A resource in the panel: glyph, name, status and age; the whole line opens its page. */
export function Row(props: {
  name: string;
  created: number;
  status?: string;
  /** A finer word than the status, such as the phase of a running job. */
  phase?: string;
  /** More about it, such as how far it is. */
  detail?: string;
  icon?: JSX.Element;
  onOpen: () => void;
  actions: React.ReactNode;
}): JSX.Element {
  const { name, status, phase, detail } = props;
  const told = status === undefined ? [] : [words(phase ?? status), ...(detail ? [detail] : [])];
  const cut = name.length > 2 * TAIL ? name.length - TAIL : name.length;
  return (
    <li className="clary-Row" data-name={name}>
      <button
        type="button"
        className="clary-Row-open"
        title={`Open ${name}`}
        aria-label={[name, ...told].join(', ')}
        onClick={props.onOpen}
      >
        {status === undefined ? props.icon : <Glyph tone={tone(status)} />}
        <span className="clary-Row-text">
          <span className="clary-Row-name">
            <span>{name.slice(0, cut)}</span>
            <span>{name.slice(cut)}</span>
          </span>
          <span className="clary-Row-more">
            {status !== undefined && (
              <span className={`clary-Row-status clary-mod-${tone(status)}`}>
                {words(phase ?? status)}
              </span>
            )}
            {detail && <span className="clary-Row-detail">{detail}</span>}
            <Ago at={props.created} />
          </span>
        </span>
      </button>
      <span className="clary-Row-actions">{props.actions}</span>
    </li>
  );
}
