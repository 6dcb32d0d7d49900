import { MainAreaWidget } from '@jupyterlab/apputils';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { confirm } from '../components/notices';
import { labelingIcon } from '../icons';
import { IClary } from '../tokens';

/** A canvas's model: anywidget's interface, over HTTP. */
interface IModel {
  set(name: string, value: unknown): void;
}

/** Takes a canvas away; `saved` resolves when all that was done in it is on disk. */
interface ILeave {
  (): void;
  saved(): Promise<void>;
}

interface ICanvasModule {
  default: { render(place: { model: IModel; el: HTMLElement }): ILeave };
}

interface IModelModule {
  httpModel(options: object): IModel;
  overHttp(address: string, options: { fetch: typeof fetch }): object;
}

/** The canvas of a labeling job, as a tab that needs no kernel. */
class CanvasHost extends Widget {
  constructor(
    private readonly clary: IClary,
    private readonly job: string
  ) {
    super();
    this.addClass('clary-Canvas');
    this.node.tabIndex = -1;
    this.observer = new MutationObserver(() => this.model?.set('theme', theme()));
  }

  /** Show it from the beginning, where `review` says, once everything that was done before is saved. */
  async start(review: boolean): Promise<void> {
    const turn = ++this.turns;
    await this.saved();
    if (this.isDisposed || turn !== this.turns) {
      return;
    }
    this.stop?.();
    this.stop = null;
    this.node.replaceChildren();
    const { address, modules, fetch } = this.clary.api.canvas(this.job);
    try {
      const [canvas, http] = (await Promise.all([
        import(/* webpackIgnore: true */ `${modules}/canvas.js`),
        import(/* webpackIgnore: true */ `${modules}/http_model.js`)
      ])) as [ICanvasModule, IModelModule];
      if (this.isDisposed || turn !== this.turns) {
        return;
      }
      this.model = http.httpModel({
        ...http.overHttp(address, { fetch }),
        state: { theme: theme(), focus: this.isVisible, mode: review ? 'review' : 'label' }
      });
      this.stop = canvas.default.render({ model: this.model, el: this.node });
    } catch (error) {
      this.failed(error, review);
    }
  }

  /** Resolves when all that was done is on disk. */
  async saved(): Promise<void> {
    await this.stop?.saved();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.observer.disconnect();
      this.stop?.();
    }
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.observer.observe(document.body, { attributeFilter: ['data-jp-theme-light'] });
  }

  protected override onActivateRequest(): void {
    const stage = this.node.firstElementChild?.shadowRoot?.querySelector<HTMLElement>('.stage');
    (stage ?? this.node).focus({ preventScroll: true });
  }

  private failed(error: unknown, review: boolean): void {
    const text = document.createElement('p');
    text.setAttribute('role', 'alert');
    text.textContent = `The canvas could not be loaded: ${error instanceof Error ? error.message : String(error)}`;
    const again = document.createElement('button');
    again.className = 'clary-Button';
    again.textContent = 'Try again';
    again.onclick = () => void this.start(review);
    const frame = document.createElement('div');
    frame.className = 'clary-Canvas-failed';
    frame.append(text, again);
    this.node.replaceChildren(frame);
  }

  private model: IModel | null = null;
  private stop: ILeave | null = null;
  private turns = 0;
  private readonly observer: MutationObserver;
}

function theme(): 'light' | 'dark' {
  return document.body.dataset.jpThemeLight === 'false' ? 'dark' : 'light';
}

/** A main area tab in which a job is labeled. */
export class CanvasWidget extends MainAreaWidget<CanvasHost> {
  constructor(
    clary: IClary,
    readonly job: string,
    public review: boolean
  ) {
    super({ content: new CanvasHost(clary, job) });
    this.id = `clary-canvas-${job}`;
    this.addClass('clary-CanvasTab');
    this.title.label = `Label ${job}`;
    this.title.caption = `Label ${job}`;
    this.title.icon = labelingIcon;
    this.title.closable = true;
    this.toolbar.hide();
    void this.content.start(review);
  }

  /** An answer that waits for the server goes on waiting behind a closed tab; whoever closes it is told. */
  protected override onCloseRequest(_: Message): void {
    void this.mayClose().then(may => may && this.dispose());
  }

  private async mayClose(): Promise<boolean> {
    const late = new Promise<boolean>(resolve => setTimeout(() => resolve(false), 1000));
    if (await Promise.race([this.content.saved().then(() => true), late])) {
      return true;
    }
    return confirm(
      'Not everything is saved yet',
      'The server does not answer. If you close the tab, saving goes on for as long as JupyterLab stays open here.',
      'Close the tab'
    );
  }

  /** Turn to the items to label, or to those to review. */
  turn(review: boolean): void {
    if (review !== this.review) {
      this.review = review;
      void this.content.start(review);
    }
  }
}
