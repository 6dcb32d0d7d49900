import { ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import { SubmitDialog } from '../components/SubmitDialog';
import { IWish, wishProblems } from '../pure/labeling';

const TASKS: readonly (readonly [string, string])[] = [
  ['', 'Classification, one label'],
  ['image-classification-multilabel', 'Images, several labels'],
  ['bounding-box', 'Boxes in images'],
  ['semantic-segmentation', 'Areas in images'],
  ['text-classification-multilabel', 'Texts, several labels'],
  ['named-entity-recognition', 'Entities in texts']
];

/** Ask what is to be labeled; what `open` made of it, or null when the user thinks better of it. */
export async function askForLabelingJob<T>(
  data: string,
  open: (wish: IWish) => Promise<T>
): Promise<T | null> {
  let opened: T | null = null;
  const form = new WishForm(data);
  const dialog = new SubmitDialog<IWish>(form, {
    title: 'New labeling job',
    label: 'Begin',
    busy: 'Opening a notebook…',
    submit: async () => {
      opened = await open(form.values);
    },
    focus: data === '' ? '#clary-wish-data' : '#clary-wish-labels'
  });
  const answer = await dialog.launch();
  return answer.button.accept ? opened : null;
}

class WishForm extends ReactWidget {
  constructor(data: string) {
    super();
    this.values = { data, task: '', labels: '', instructions: '', workers: '1', error: '' };
    this.node.setAttribute('data-lm-suppress-shortcuts', 'true');
    // Enter in the labels begins a new line, and does not end the dialog.
    this.node.addEventListener('keydown', event => {
      if (event.key === 'Enter' && event.target instanceof HTMLTextAreaElement) {
        event.stopPropagation();
      }
    });
  }

  values: IWish;

  getValue(): IWish {
    return this.values;
  }

  check(): boolean {
    this.tried = true;
    this.setState('', '');
    const wrong = Object.keys(wishProblems(this.values))[0];
    if (wrong !== undefined) {
      this.node.querySelector<HTMLElement>(`#clary-wish-${wrong}`)?.focus();
    }
    return wrong === undefined;
  }

  setState(busy: string, error: string): void {
    [this.busy, this.error] = [busy, error];
    this.update();
  }

  protected render(): JSX.Element {
    const problems = this.tried ? wishProblems(this.values) : {};
    const set = (key: keyof IWish, value: string) => {
      this.values = { ...this.values, [key]: value };
      this.update();
    };
    const field = (
      key: keyof IWish,
      label: string,
      control: (attributes: object) => JSX.Element,
      help?: string
    ) => (
      <div className="clary-Field">
        <label htmlFor={`clary-wish-${key}`}>{label}</label>
        {control({
          id: `clary-wish-${key}`,
          className: 'jp-mod-styled',
          defaultValue: this.values[key],
          'aria-invalid': problems[key] !== undefined,
          'aria-describedby': `clary-wish-${key}-said`,
          spellCheck: false,
          onChange: (event: React.ChangeEvent<HTMLInputElement>) => set(key, event.target.value)
        })}
        <span id={`clary-wish-${key}-said`}>
          {problems[key] === undefined ? (
            <span className="clary-Dim">{help}</span>
          ) : (
            <span className="clary-Field-problem" role="alert">
              {problems[key]}
            </span>
          )}
        </span>
      </div>
    );
    return (
      <div className="clary-DeployForm clary-WishForm">
        {field(
          'data',
          'What to label',
          attributes => (
            <input {...attributes} placeholder="photos/" />
          ),
          'A folder of images, a CSV, a .txt, a manifest, s3://… – as seen from the open folder'
        )}
        {field('task', 'Task', attributes => (
          <select {...attributes}>
            {TASKS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        ))}
        {field('labels', 'Labels, a line each', attributes => (
          <textarea {...attributes} rows={4} placeholder={'cat\ndog'} />
        ))}
        {field('instructions', 'Instructions', attributes => (
          <textarea {...attributes} rows={2} placeholder="What annotators should know" />
        ))}
        {field('workers', 'People for each object', attributes => (
          <input {...attributes} inputMode="numeric" />
        ))}
        {field(
          'error',
          'Automatic labels: error that may remain, in %',
          attributes => (
            <input {...attributes} placeholder="none" inputMode="decimal" />
          ),
          'Empty: people label everything. 5: the machine labels what it can, with a certificate.'
        )}
        <div role="status">{this.busy}</div>
        {this.error !== '' && (
          <div className="clary-Problem" role="alert">
            <strong>Not begun</strong>
            <pre>{this.error}</pre>
          </div>
        )}
      </div>
    );
  }

  private tried = false;
  private busy = '';
  private error = '';
}
