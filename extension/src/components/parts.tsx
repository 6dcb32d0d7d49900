import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon, LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { clock, relativeTime } from '../pure/time';
import { useNow } from './hooks';

/** An icon that is a button. */
export function IconButton(props: {
  icon: LabIcon;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  danger?: boolean;
}): JSX.Element {
  return (
    <button
      type="button"
      className={`clary-IconButton${props.danger ? ' clary-mod-danger' : ''}`}
      title={props.label}
      aria-label={props.label}
      disabled={props.disabled}
      onClick={event => {
        event.stopPropagation();
        props.onClick();
      }}
    >
      <props.icon.react tag="span" width="16px" height="16px" aria-hidden="true" />
    </button>
  );
}

/** Copies a text, and says so for a moment. */
export function CopyButton(props: { text: string; label: string }): JSX.Element {
  const [done, setDone] = React.useState(false);
  React.useEffect(() => {
    if (done) {
      const timer = setTimeout(() => setDone(false), 1500);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [done]);
  return (
    <IconButton
      icon={done ? checkIcon : copyIcon}
      label={done ? 'Copied' : props.label}
      onClick={() => {
        Clipboard.copyToSystem(props.text);
        setDone(true);
      }}
    />
  );
}

/** "3 minutes ago", with the exact time as its title. */
export function Ago(props: { at: number }): JSX.Element {
  const now = useNow(20_000);
  return (
    <time
      dateTime={new Date(props.at * 1000).toISOString()}
      title={new Date(props.at * 1000).toLocaleString()}
    >
      {relativeTime(props.at, now)}
    </time>
  );
}

/** An exact time. */
export function At(props: { at: number }): JSX.Element {
  return (
    <time
      dateTime={new Date(props.at * 1000).toISOString()}
      title={new Date(props.at * 1000).toLocaleString()}
    >
      {clock(props.at, Date.now() / 1000)}
    </time>
  );
}

/** A titled part of a page. */
export function Card(props: {
  title: string;
  tools?: React.ReactNode;
  wide?: boolean;
  className?: string;
  children: React.ReactNode;
}): JSX.Element {
  const id = React.useId();
  return (
    <section
      className={`clary-Card${props.wide ? ' clary-mod-wide' : ''} ${props.className ?? ''}`}
      aria-labelledby={id}
    >
      <header className="clary-Card-header">
        <h2 id={id}>{props.title}</h2>
        <div className="clary-Card-tools">{props.tools}</div>
      </header>
      {props.children}
    </section>
  );
}

export interface IFact {
  name: string;
  value: React.ReactNode;
  /** Text of a copy button after the value. */
  copy?: string;
}

/** Names and values. */
export function Facts(props: { facts: readonly IFact[] }): JSX.Element {
  return (
    <dl className="clary-Facts">
      {props.facts.map(({ name, value, copy }) => (
        <React.Fragment key={name}>
          <dt title={name}>{name}</dt>
          <dd>
            <span className="clary-Facts-value">{value}</span>
            {copy !== undefined && <CopyButton text={copy} label={`Copy ${name}`} />}
          </dd>
        </React.Fragment>
      ))}
    </dl>
  );
}

/** The facts of a string map, sorted by name. */
export function factsOf(map: Readonly<Record<string, string>> | undefined): IFact[] {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => ({ name, value }));
}

/** Why something failed, where nobody can miss it. */
export function Problem(props: { title: string; text: string }): JSX.Element {
  return (
    <div className="clary-Problem" role="alert">
      <strong>{props.title}</strong>
      <pre tabIndex={0}>{props.text}</pre>
      <CopyButton text={props.text} label="Copy the text" />
    </div>
  );
}
