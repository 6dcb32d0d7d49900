import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IChange, ServerEvents } from './events';
import { filterable } from './pure/names';
import { Coalescer, ECHO } from './pure/once';
import { IListInput } from './shapes';

/** A page of a List operation, whatever its family calls the items. */
export interface ISlice<T> {
  items: T[];
  next?: string;
}

export interface IListingOptions<T> {
  /** One page from the API. */
  list: (input: IListInput) => Promise<ISlice<T>>;
  /** Fixed parts of the request, such as StatusEquals. */
  input?: IListInput;
  /** Kinds whose changes make the list stale. */
  kinds: readonly string[];
  events: ServerEvents;
  pageSize: () => number;
}

/**
 * The newest items of a family, live: read again whenever an event says that they changed. Nothing
 * is read before `activate()`.
 */
export class Listing<T> implements IDisposable {
  constructor(private readonly options: IListingOptions<T>) {
    options.events.changed.connect(this.onChange, this);
    options.events.connected.connect(this.refresh, this);
  }

  items: readonly T[] = [];
  /** Whether the first answer has come. */
  loaded = false;
  /** Whether older items are there that were not read. */
  more = false;
  error: unknown = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  get filter(): string {
    return this._filter;
  }

  /** Show only names that contain `text`. */
  set filter(text: string) {
    if (text !== this._filter) {
      this._filter = text;
      this.wanted = 0;
      this.refresh();
    }
  }

  /** Whether the filter could match any name at all. */
  get filterable(): boolean {
    return filterable(this._filter);
  }

  /** Begin to read. */
  activate(): void {
    if (!this.active) {
      this.active = true;
      this.refresh();
    }
  }

  /** Read again what is shown. */
  refresh(): void {
    if (this.active) {
      this.reader.request();
    }
  }

  /** Show a page more. */
  loadMore(): void {
    this.wanted = this.items.length + this.options.pageSize();
    this.refresh();
  }

  dispose(): void {
    this._disposed = true;
    this.reader.stop();
    this.options.events.changed.disconnect(this.onChange, this);
    this.options.events.connected.disconnect(this.refresh, this);
    Signal.clearData(this);
  }

  private onChange(_: ServerEvents, change: IChange): void {
    const silent = change.change === 'log' || change.change === 'metrics';
    if (!silent && this.options.kinds.includes(change.kind)) {
      this.refresh();
    }
  }

  private async read(): Promise<void> {
    const filter = this._filter;
    const wanted = Math.max(this.wanted, this.options.pageSize());
    try {
      const items: T[] = [];
      let next: string | undefined;
      if (this.filterable) {
        do {
          const page = await this.options.list({
            SortBy: 'CreationTime',
            SortOrder: 'Descending',
            MaxResults: Math.min(100, wanted - items.length),
            ...(filter === '' ? {} : { NameContains: filter }),
            ...(next === undefined ? {} : { NextToken: next }),
            ...this.options.input
          });
          items.push(...page.items);
          next = page.next;
        } while (next !== undefined && items.length < wanted);
      }
      [this.items, this.more, this.error] = [items, next !== undefined, null];
    } catch (error) {
      this.error = error;
    }
    this.loaded = true;
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private readonly reader = new Coalescer(() => this.read(), 300, ECHO);
  private readonly _changed = new Signal<this, void>(this);
  private _filter = '';
  private _disposed = false;
  private active = false;
  private wanted = 0;
}
