import { Dialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

/** A form that a `SubmitDialog` shows. */
export interface IForm extends Widget {
  /** Whether it can be sent; shows what is wrong otherwise. */
  check(): boolean;
  /** What goes on now, and what went wrong. */
  setState(busy: string, error: string): void;
}

/** A dialog that closes only when its work was done; until then it shows what is wrong. */
export class SubmitDialog<T> extends Dialog<T> {
  constructor(
    private readonly form: IForm & Dialog.IBodyWidget<T>,
    private readonly options: {
      title: string;
      /** The button's word, and what is said while it works. */
      label: string;
      busy: string;
      submit: () => Promise<void>;
      focus?: string;
    }
  ) {
    super({
      title: options.title,
      body: form,
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: options.label })],
      focusNodeSelector: options.focus ?? 'input'
    });
    this.addClass('clary-Deploy');
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
    } else if (!this.working && this.form.check()) {
      this.working = true;
      this.form.setState(this.options.busy, '');
      this.options
        .submit()
        .then(() => super.resolve(index))
        .catch(error =>
          this.form.setState('', error instanceof Error ? error.message : String(error))
        )
        .finally(() => {
          this.working = false;
        });
    }
  }

  private working = false;
}
