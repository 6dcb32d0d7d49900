import { downloadIcon, searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { LogFeed } from '../logfeed';
import { visibleRows } from '../pure/logtext';
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
  const [follow, setFollow] = React.useState(true);
  const [view, setView] = React.useState({ top: 0, height: 400 });
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

  React.useLayoutEffect(() => {
    const node = box.current;
    if (node !== null && follow) {
      node.scrollTop = node.scrollHeight;
    }
  }, [lines, follow, view.height]);

  React.useEffect(() => {
    const node = box.current;
    if (node === null) {
      return;
    }
    const measure = () => setView({ top: node.scrollTop, height: node.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const node = box.current;
    if (node !== null) {
      setView({ top: node.scrollTop, height: node.clientHeight });
      setFollow(node.scrollHeight - node.scrollTop - node.clientHeight < ROW * 1.5);
    }
  };

  const loadEarlier = async () => {
    try {
      const added = (await feed?.loadEarlier()) ?? 0;
      setFollow(false);
      requestAnimationFrame(() => box.current?.scrollBy(0, added * ROW));
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

  const { first, last } = visibleRows(view.top, view.height, ROW, lines.length);
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
        <div style={{ height: lines.length * ROW }}>
          <div style={{ transform: `translateY(${first * ROW}px)` }}>
            {lines.slice(first, last).map((one, i) => (
              <div key={first + i} className={`clary-Log-line clary-mod-${one.level}`}>
                {times && <span className="clary-Log-time">{clock(one.time)}</span>}
                {one.text || '\u00a0'}
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
