import { JupyterFrontEnd } from '@jupyterlab/application';

import { notifyError } from './components/notices';
import { IClary } from './tokens';

const CELL = 'import clary\n\nlauncher = clary.TrainingLauncher()\nlauncher';
const KERNEL = 'clary-python';

/** What of a notebook's tab is needed here (@jupyterlab/notebook's NotebookPanel). */
interface INotebookTab {
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
    await openNotebook(app, CELL, cwd);
  } catch (error) {
    notifyError(clary.trans, clary.trans.__('Could not open a training launcher'), error);
  }
}

/** A new notebook whose first cell is `cell`, and run. `cwd`: its folder. */
export async function openNotebook(app: JupyterFrontEnd, cell: string, cwd: string): Promise<void> {
  const tab = (await app.commands.execute('notebook:create-new', {
    kernelName: KERNEL,
    cwd
  })) as INotebookTab;
  await Promise.all([tab.context.ready, tab.sessionContext.ready]);
  tab.content.activeCell?.model.sharedModel.setSource(cell);
  await app.commands.execute('notebook:run-cell');
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
