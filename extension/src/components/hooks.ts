import * as React from 'react';

import { concerns, IChange, ServerEvents } from '../events';
import { Listing } from '../listing';
import { Coalescer, ECHO } from '../pure/once';
import { useClary } from './context';

/** Draw again when a list changed. */
export function useListing<T>(listing: Listing<T>): Listing<T> {
  const [, draw] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    listing.changed.connect(draw);
    listing.activate();
    return () => {
      listing.changed.disconnect(draw);
    };
  }, [listing]);
  return listing;
}

export interface ILive<T> {
  readonly data: T | null;
  readonly error: unknown;
  readonly refresh: () => void;
}

/**
 * What `read` answers, read again when a matching change of the resource is announced and when the
 * event bus is joined again; at most every `pause` ms.
 */
export function useLive<T>(
  read: () => Promise<T>,
  kind: string,
  name: string,
  changes: (change: IChange['change']) => boolean,
  pause = 300
): ILive<T> {
  const { events } = useClary();
  const [state, setState] = React.useState<{ data: T | null; error: unknown }>({
    data: null,
    error: null
  });
  const refresh = React.useRef<() => void>(() => undefined);
  const latest = React.useRef({ read, changes });
  latest.current = { read, changes };

  React.useEffect(() => {
    let gone = false;
    const reader = new Coalescer(
      async () => {
        try {
          const data = await latest.current.read();
          if (!gone) {
            setState({ data, error: null });
          }
        } catch (error) {
          if (!gone) {
            setState(old => ({ data: old.data, error }));
          }
        }
      },
      pause,
      ECHO
    );
    const onChange = (_: ServerEvents, change: IChange) => {
      if (concerns(change, kind, name) && latest.current.changes(change.change)) {
        reader.request();
      }
    };
    const onConnected = () => reader.request();
    refresh.current = onConnected;
    events.changed.connect(onChange);
    events.connected.connect(onConnected);
    reader.request();
    return () => {
      gone = true;
      reader.stop();
      events.changed.disconnect(onChange);
      events.connected.disconnect(onConnected);
    };
  }, [events, kind, name, pause]);

  return { ...state, refresh: () => refresh.current() };
}

/** The time in epoch seconds, renewed every `period` ms while `running`. No request is made. */
export function useNow(period: number, running = true): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (!running) {
      return;
    }
    setNow(Date.now() / 1000);
    const timer = setInterval(() => setNow(Date.now() / 1000), period);
    return () => clearInterval(timer);
  }, [period, running]);
  return now;
}

/** The width of an element in pixels, followed as it changes. */
export function useWidth(): [React.RefObject<HTMLDivElement>, number] {
  const ref = React.useRef<HTMLDivElement>(null);
  const [width, setWidth] = React.useState(0);
  React.useEffect(() => {
    const node = ref.current;
    if (node === null) {
      return;
    }
    setWidth(node.clientWidth);
    const observer = new ResizeObserver(() => setWidth(node.clientWidth));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
