import * as React from 'react';

import { concerns, IChange, ServerEvents } from '../events';
import { Listing } from '../listing';
import { Coalescer, ECHO } from '../pure/once';
import { useClary, VisibleContext } from './context';

/** Draw again when a list changed. It is first read when somebody can see it. */
export function useListing<T>(listing: Listing<T>): Listing<T> {
  const [, draw] = React.useReducer((n: number) => n + 1, 0);
  const visible = React.useContext(VisibleContext);
  React.useEffect(() => {
    if (visible) {
      listing.activate();
    }
  }, [listing, visible]);
  React.useEffect(() => {
    listing.changed.connect(draw);
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
 * Calls `refresh` when a matching change of the resource is announced and when the event bus is
 * joined again. While the page is not in view it waits, and calls once when it is.
 */
export function useChanges(
  kind: string,
  name: string,
  matches: (change: IChange['change']) => boolean,
  refresh: () => void
): void {
  const { events } = useClary();
  const visible = React.useContext(VisibleContext);
  const stale = React.useRef(false);
  const latest = React.useRef({ visible, matches, refresh });
  latest.current = { visible, matches, refresh };

  React.useEffect(() => {
    const wake = () => {
      if (latest.current.visible) {
        latest.current.refresh();
      } else {
        stale.current = true;
      }
    };
    const onChange = (_: ServerEvents, change: IChange) => {
      if (concerns(change, kind, name) && latest.current.matches(change.change)) {
        wake();
      }
    };
    events.changed.connect(onChange);
    events.connected.connect(wake);
    return () => {
      events.changed.disconnect(onChange);
      events.connected.disconnect(wake);
    };
  }, [events, kind, name]);

  React.useEffect(() => {
    if (visible && stale.current) {
      stale.current = false;
      latest.current.refresh();
    }
  }, [visible]);
}

/** What `read` answers, kept up to date by `useChanges`; read at most every `pause` ms. */
export function useLive<T>(
  read: () => Promise<T>,
  kind: string,
  name: string,
  matches: (change: IChange['change']) => boolean,
  pause = 300
): ILive<T> {
  const [state, setState] = React.useState<{ data: T | null; error: unknown }>({
    data: null,
    error: null
  });
  const latest = React.useRef(read);
  latest.current = read;
  const reader = React.useRef<Coalescer | null>(null);
  const refresh = React.useCallback(() => reader.current?.request(), []);

  React.useEffect(() => {
    let gone = false;
    const settle = (next: (old: { data: T | null }) => { data: T | null; error: unknown }) => {
      if (!gone) {
        setState(next);
      }
    };
    const made = new Coalescer(
      () =>
        latest.current().then(
          data => settle(() => ({ data, error: null })),
          error => settle(old => ({ data: old.data, error }))
        ),
      pause,
      ECHO
    );
    reader.current = made;
    made.request();
    return () => {
      gone = true;
      made.stop();
    };
  }, [kind, name, pause]);

  useChanges(kind, name, matches, refresh);
  return { ...state, refresh };
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
