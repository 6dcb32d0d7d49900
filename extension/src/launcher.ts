import { JupyterFrontEnd } from '@jupyterlab/application';

import { notifyError } from './components/notices';
import { IClary } from './tokens';

const CELL = 'import clary\n\nlauncher = clary.TrainingLauncher()\nlauncher';
const KERNEL = 'clary-python';

/** What of a notebook's tab is needed here (@jupyterlab/notebook's NotebookPanel). */
export interface INotebookTab {
  readonly id: string;
  readonly node: HTMLElement;
  readonly isDisposed: boolean;
  readonly context: { readonly ready: Promise<void> };
  readonly sessionContext: { readonly ready: Promise<void> };
  readonly content: {
    readonly activeCell: {
      readonly model: { readonly sharedModel: { setSource(source: string): void } };
    } | null;
  };
}

/** A new notebook that shows the training launcher. */
export async function openTrainingLauncher(
  app: JupyterFrontEnd,
  clary: IClary,
  cwd: string
): Promise<void> {
  try {
    await runNotebook(app, await openNotebook(app, CELL, cwd));
  } catch (error) {
    notifyError(clary.trans, clary.trans.__('Could not open a training launcher'), error);
  }
}

/** A new notebook whose first cell is `cell`, with its kernel. `cwd`: its folder. */
export async function openNotebook(
  app: JupyterFrontEnd,
  cell: string,
  cwd: string
): Promise<INotebookTab> {
  const tab = (await app.commands.execute('notebook:create-new', {
    kernelName: KERNEL,
    cwd
  })) as INotebookTab;
  await Promise.all([tab.context.ready, tab.sessionContext.ready]);
  tab.content.activeCell?.model.sharedModel.setSource(cell);
  return tab;
}

/**
 * Run the first cell of a notebook that was opened. The command runs the current notebook's, and a dialog that closes
 * gives the focus back to where it was: only then can the new one become the current one.
 */
export async function runNotebook(app: JupyterFrontEnd, tab: INotebookTab): Promise<void> {
  app.shell.activateById(tab.id);
  for (let turn = 0; turn < 100 && app.shell.currentWidget?.id !== tab.id; turn++) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  if (app.shell.currentWidget?.id === tab.id) {
    await app.commands.execute('notebook:run-cell');
  }
}

/** Once a canvas shows in the notebook, it has the keys, unless somebody writes or has gone elsewhere by then. */
export function focusCanvas(tab: INotebookTab): void {
  const look = () => {
    const host = tab.node.querySelector('.clary-canvas');
    if (host === null && !tab.isDisposed) {
      return;
    }
    observer.disconnect();
    const active = document.activeElement ?? document.body;
    const free =
      active === document.body ||
      (tab.node.contains(active) && active.closest('.cm-editor') === null);
    if (free) {
      host?.shadowRoot?.querySelector<HTMLElement>('.stage')?.focus({ preventScroll: true });
    }
  };
  const observer = new MutationObserver(look);
  observer.observe(tab.node, { childList: true, subtree: true });
}

/**
 * Keep keys that are typed in a launcher's buttons and lists from JupyterLab, where a letter would
 * add or delete a cell. Shortcuts with a modifier (saving, the palette) go on. (A canvas keeps all of
 * its keys by itself.)
 */
export function keepKeys(event: KeyboardEvent): void {
  const target = event.target;
  if (target instanceof HTMLElement && target.closest('.clary-Launcher') !== null) {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      delete target.dataset.lmSuppressShortcuts;
    } else {
      target.dataset.lmSuppressShortcuts = 'true';
    }
  }
}
