import { downloadIcon, searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { LogFeed } from '../logfeed';
import { visibleRows, wrapped } from '../pure/logtext';
import { clock } from '../pure/time';
import { useClary } from './context';
import { useChanges } from './hooks';
import { notifyError } from './notices';
import { Card, IconButton } from './parts';

const ROW = 18;

/** A live log: only the rows in view are drawn, so its length does not matter. */
export function LogView(props: {
  group: string;
  prefix: string;
  kind: string;
  name: string;
  empty: string;
}): JSX.Element {
  const { group, prefix, kind, name } = props;
  const clary = useClary();
  const [, draw] = React.useReducer((n: number) => n + 1, 0);
  const [feed, setFeed] = React.useState<LogFeed | null>(null);
  const [find, setFind] = React.useState('');
  const [times, setTimes] = React.useState(false);
  const [wrap, setWrap] = React.useState(false);
  const [follow, setFollow] = React.useState(true);
  const [view, setView] = React.useState({ top: 0, height: 400, width: 800 });
  const box = React.useRef<HTMLDivElement>(null);

  React.useEffect(() => {
    const made = new LogFeed(clary.api, group, prefix, clary.settings.logLines);
    made.changed.connect(draw);
    made.refresh();
    setFeed(made);
    return () => made.stop();
  }, [clary, group, prefix]);
  useChanges(
    kind,
    name,
    change => change !== 'metrics',
    () => feed?.refresh()
  );

  const all = feed?.lines ?? [];
  const needle = find.toLowerCase();
  const lines = React.useMemo(
    () => (needle === '' ? all : all.filter(one => one.text.toLowerCase().includes(needle))),
    [all, needle]
  );
  // Every row stays of one height, so that only those in view need be drawn: wrapping makes more rows.
  const columns =
    wrap && box.current !== null ? columnsOf(box.current, view.width, times) : Infinity;
  const rows = React.useMemo(
    () =>
      columns === Infinity
        ? lines.map(line => ({ line, text: line.text, begins: true }))
        : lines.flatMap(line =>
            wrapped(line.text, columns).map((text, i) => ({ line, text, begins: i === 0 }))
          ),
    [lines, columns]
  );

  React.useLayoutEffect(() => {
    const node = box.current;
    if (node !== null && follow) {
      node.scrollTop = node.scrollHeight;
    }
  }, [rows, follow, view.height]);

  React.useEffect(() => {
    const node = box.current;
    if (node === null) {
      return;
    }
    const measure = () => setView(viewOf(node));
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const node = box.current;
    if (node !== null) {
      setView(viewOf(node));
      setFollow(node.scrollHeight - node.scrollTop - node.clientHeight < ROW * 1.5);
    }
  };

  const loadEarlier = async () => {
    try {
      const before = box.current?.scrollHeight ?? 0;
      await feed?.loadEarlier();
      setFollow(false);
      requestAnimationFrame(() => box.current?.scrollBy(0, box.current.scrollHeight - before));
    } catch (error) {
      notifyError(clary.trans, 'Could not read earlier lines', error);
    }
  };

  const download = () => {
    const text = all
      .map(one => `${new Date(one.time * 1000).toISOString()} ${one.text}`)
      .join('\n');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text + '\n'], { type: 'text/plain' }));
    link.download = `${name}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  const { first, last } = visibleRows(view.top, view.height, ROW, rows.length);
  const tools = (
    <>
      <label className="clary-Log-find">
        <searchIcon.react tag="span" width="14px" height="14px" aria-hidden="true" />
        <input
          type="search"
          placeholder="Find in the log"
          aria-label="Find in the log"
          value={find}
          onChange={event => setFind(event.target.value)}
        />
      </label>
      {(feed?.streams.length ?? 0) > 1 && (
        <select
          aria-label="Log stream"
          value={feed?.stream}
          onChange={event => feed?.select(event.target.value)}
        >
          {feed?.streams.map(one => (
            <option key={one}>{one}</option>
          ))}
        </select>
      )}
      <label className="clary-Check">
        <input type="checkbox" checked={times} onChange={event => setTimes(event.target.checked)} />
        Times
      </label>
      <label className="clary-Check">
        <input type="checkbox" checked={wrap} onChange={event => setWrap(event.target.checked)} />
        Wrap
      </label>
      <label className="clary-Check">
        <input
          type="checkbox"
          checked={follow}
          onChange={event => setFollow(event.target.checked)}
        />
        Follow
      </label>
      <span className="clary-Log-count" aria-live="off">
        {needle === ''
          ? `${all.length.toLocaleString()} ${all.length === 1 ? 'line' : 'lines'}`
          : `${lines.length.toLocaleString()} of ${all.length.toLocaleString()}`}
      </span>
      {feed?.earlier && (
        <button type="button" className="clary-Link" onClick={() => void loadEarlier()}>
          Load earlier lines
        </button>
      )}
      {feed?.dropped && <span title="See the setting “Log lines kept”">Older lines left out</span>}
      <IconButton icon={downloadIcon} label="Download the log" onClick={download} />
    </>
  );
  return (
    <Card title="Log" wide className="clary-Log" tools={tools}>
      <div
        className={`clary-Log-lines${times ? ' clary-mod-times' : ''}`}
        ref={box}
        onScroll={onScroll}
        data-lm-suppress-shortcuts
        role="log"
        aria-live="off"
        aria-label={`Log of ${name}`}
        tabIndex={0}
      >
        {feed?.error ? <div className="clary-Log-empty">{String(feed.error)}</div> : null}
        {!feed?.error && lines.length === 0 && (
          <div className="clary-Log-empty">
            {needle === '' ? props.empty : 'No line contains this.'}
          </div>
        )}
        <div style={{ height: rows.length * ROW }}>
          <div style={{ transform: `translateY(${first * ROW}px)` }}>
            {rows.slice(first, last).map(({ line, text, begins }, i) => (
              <div key={first + i} className={`clary-Log-line clary-mod-${line.level}`}>
                {times && (
                  <span className="clary-Log-time">
                    {begins ? clock(line.time) : ' '.repeat(clock(line.time).length)}
                  </span>
                )}
                {text || '\u00a0'}
              </div>
            ))}
          </div>
        </div>
      </div>
      {!follow && lines.length > 0 && (
        <button type="button" className="clary-Log-resume" onClick={() => setFollow(true)}>
          ↓ Follow the log
        </button>
      )}
    </Card>
  );
}

function viewOf(node: HTMLElement): { top: number; height: number; width: number } {
  return { top: node.scrollTop, height: node.clientHeight, width: node.clientWidth };
}

/** How many characters fit beside each other in the log. */
function columnsOf(node: HTMLElement, width: number, times: boolean): number {
  const context = document.createElement('canvas').getContext('2d');
  if (context === null) {
    return Infinity;
  }
  context.font = getComputedStyle(node).font;
  const one = context.measureText('0').width;
  const before = times ? context.measureText(clock(0)).width + 12 : 0;
  return Math.max(20, Math.floor((width - 22 - before) / one));
}
