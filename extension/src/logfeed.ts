import { ISignal, Signal } from '@lumino/signaling';

import { ApiError } from './pure/errors';
import { Level, level, settle } from './pure/logtext';
import { Coalescer, ECHO } from './pure/once';
import { SageMakerApi } from './request';

export interface ILine {
  readonly time: number;
  readonly text: string;
  readonly level: Level;
}

/**
 * One log stream, read from its end: the last lines first, then whatever is added, and earlier
 * lines when asked for. Holds at most `limit` lines.
 */
export class LogFeed {
  constructor(
    private readonly api: SageMakerApi,
    readonly group: string,
    private readonly prefix: string,
    private readonly limit: number
  ) {}

  lines: ILine[] = [];
  streams: readonly string[] = [];
  stream = '';
  /** Whether lines before the first one can be read. */
  earlier = false;
  /** Whether lines were dropped to stay within the limit. */
  dropped = false;
  error: unknown = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Read what was added (soon). */
  refresh(): void {
    this.reader.request();
  }

  /** Read another stream of the group. */
  select(stream: string): void {
    this.stream = stream;
    this.chosen = true;
    this.restart();
    this.refresh();
  }

  /** Read lines before the first one. Returns how many came. */
  async loadEarlier(): Promise<number> {
    const stream = this.stream;
    const page = await this.get({ nextToken: this.backward, limit: 5000 });
    if (stream !== this.stream) {
      return 0;
    }
    this.earlier = page.events.length > 0;
    this.backward = page.nextBackwardToken;
    this.lines = [...page.events.map(line), ...this.lines];
    this._changed.emit();
    return page.events.length;
  }

  stop(): void {
    this.reader.stop();
    Signal.clearData(this);
  }

  private restart(): void {
    [this.lines, this.earlier, this.dropped] = [[], false, false];
    [this.forward, this.backward] = [undefined, undefined];
  }

  private async read(): Promise<void> {
    try {
      await this.findStreams();
      if (this.stream !== '') {
        await (this.forward === undefined ? this.readTail() : this.readOn());
      }
      this.error = null;
    } catch (error) {
      // No log group yet is no error: nothing was written so far.
      this.error = error instanceof ApiError && error.notFound ? null : error;
    }
    this._changed.emit();
  }

  private async findStreams(): Promise<void> {
    const found = await this.api.call('DescribeLogStreams', {
      logGroupName: this.group,
      ...(this.prefix === '' ? {} : { logStreamNamePrefix: this.prefix })
    });
    this.streams = found.logStreams
      .sort((a, b) => (a.firstEventTimestamp ?? Infinity) - (b.firstEventTimestamp ?? Infinity))
      .map(one => one.logStreamName);
    // Of several hosts the first one's: it is the one that reports, as a rule.
    const firsts = this.streams.filter(one => /\/algo-1-/.test(one));
    const newest = [...this.streams, ...firsts].pop() ?? '';
    if (newest !== this.stream && !(this.chosen && this.streams.includes(this.stream))) {
      this.stream = newest;
      this.chosen = false;
      this.restart();
    }
  }

  private async readTail(): Promise<void> {
    const stream = this.stream;
    const page = await this.get({ limit: 2000, startFromHead: false });
    if (stream === this.stream) {
      this.lines = page.events.map(line);
      [this.forward, this.backward] = [page.nextForwardToken, page.nextBackwardToken];
      this.earlier = page.events.length >= 2000;
    }
  }

  private async readOn(): Promise<void> {
    const stream = this.stream;
    for (;;) {
      const page = await this.get({ nextToken: this.forward, limit: 10_000, startFromHead: true });
      if (stream !== this.stream) {
        return;
      }
      const ended = page.nextForwardToken === this.forward || page.events.length === 0;
      this.forward = page.nextForwardToken;
      this.append(page.events.map(line));
      if (ended) {
        return;
      }
    }
  }

  private append(added: readonly ILine[]): void {
    if (added.length > 0) {
      this.lines = [...this.lines, ...added];
      if (this.lines.length > this.limit) {
        this.lines = this.lines.slice(-this.limit);
        [this.earlier, this.dropped] = [false, true];
      }
    }
  }

  private get(more: { nextToken?: string; limit: number; startFromHead?: boolean }) {
    return this.api.call('GetLogEvents', {
      logGroupName: this.group,
      logStreamName: this.stream,
      ...more
    });
  }

  private readonly reader = new Coalescer(() => this.read(), 250, ECHO);
  private readonly _changed = new Signal<this, void>(this);
  private forward: string | undefined;
  private backward: string | undefined;
  private chosen = false;
}

function line(event: { timestamp: number; message: string }): ILine {
  const text = settle(event.message);
  return { time: event.timestamp / 1000, text, level: level(text) };
}
