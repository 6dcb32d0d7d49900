import { EventManager, ServerConnection } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/** The `$id` of clary/jupyter/events/resource.yaml. */
const SCHEMA = 'https://schema.clary.dev/events/resource';

/** Something of Clary's changed; the API tells what it is now. */
export interface IChange {
  readonly kind: string;
  readonly name: string;
  readonly change: 'created' | 'status' | 'deleted' | 'updated' | 'log' | 'metrics' | 'exited';
}

/**
 * Clary's changes from Jupyter's event bus (`/api/events`). Events are hints and may be lost while
 * the connection is: whoever shows state reads it again when `connected` fires.
 */
export class ServerEvents implements IDisposable {
  constructor(serverSettings: ServerConnection.ISettings) {
    const connected = this._connected;
    // JupyterLab's own event manager connects again by itself but does not tell; so this one is given
    // a WebSocket that does.
    const Announcing = class extends serverSettings.WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        this.addEventListener('open', () => connected.emit());
      }
    };
    this.manager = new EventManager({
      serverSettings: { ...serverSettings, WebSocket: Announcing },
      standby: 'never'
    });
    this.manager.stream.connect((_, event) => {
      if (event.schema_id === SCHEMA) {
        this._changed.emit(event as unknown as IChange);
      }
    });
  }

  /** Something changed. */
  get changed(): ISignal<this, IChange> {
    return this._changed;
  }

  /** The bus was joined, for the first time or again. */
  get connected(): ISignal<this, void> {
    return this._connected;
  }

  get isDisposed(): boolean {
    return this.manager.isDisposed;
  }

  dispose(): void {
    this.manager.dispose();
    Signal.clearData(this);
  }

  private readonly manager: EventManager;
  private readonly _changed = new Signal<this, IChange>(this);
  private readonly _connected = new Signal<this, void>(this);
}

/** Whether a change concerns a resource (an endpoint's process is named `<endpoint>:<generation>`). */
export function concerns(change: IChange, kind: string, name: string): boolean {
  return change.kind === kind && (change.name === name || change.name.split(':')[0] === name);
}
