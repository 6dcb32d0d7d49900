import { Dialog, Notification, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { story } from '../pure/errors';

/** A long text in a dialog, selectable and scrollable. */
export function showText(title: string, text: string): Promise<unknown> {
  const body = ReactWidget.create(
    <pre className="clary-FullText" tabIndex={0} data-lm-suppress-shortcuts>
      {text}
    </pre>
  );
  body.addClass('clary-FullText-body');
  return showDialog({ title, body, buttons: [Dialog.okButton({ label: 'Close' })] });
}

/** An error as a notification; "Show" opens all of it. */
export function notifyError(trans: TranslationBundle, summary: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  notifyProblem(trans, `${summary}: ${message.split('\n')[0]}`, summary, story(error));
}

/** A problem told in one line, with the whole text behind "Show". */
export function notifyProblem(
  trans: TranslationBundle,
  line: string,
  title: string,
  text: string
): void {
  Notification.error(line.length > 140 ? `${line.slice(0, 137)}…` : line, {
    autoClose: false,
    actions: [
      {
        label: trans.__('Show'),
        caption: trans.__('Show the whole text'),
        callback: event => {
          event.preventDefault();
          void showText(title, text);
        }
      }
    ]
  });
}

/** Whether the user says yes to something that cannot be undone. */
export async function confirm(title: string, body: string, yes: string): Promise<boolean> {
  const answer = await showDialog({
    title,
    body,
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: yes })],
    defaultButton: 0
  });
  return answer.button.accept;
}
