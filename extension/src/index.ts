import { ILabShell, ILayoutRestorer, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog, WidgetTracker } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Clary } from './clary';
import { notifyError, showText } from './components/notices';
import { DoneNotifier } from './done';
import { ServerEvents } from './events';
import { claryIcon, labelingIcon } from './icons';
import { CanvasWidget } from './labeling/CanvasWidget';
import { askForLabelingJob } from './labeling/NewLabelingJob';
import { focusCanvas, keepKeys, openNotebook, openTrainingLauncher, runNotebook } from './launcher';
import { wishCell } from './pure/labeling';
import { report } from './pure/report';
import { SageMakerApi } from './request';
import { runningEndpoints, runningJobs, runningLabeling, runningProcessing } from './running';
import { Kind } from './shapes';
import { CommandIDs, IClary, ISettings } from './tokens';
import { DetailWidget, makePanel } from './widgets';

const CATEGORY = 'Clary';

/** The services that the other plugins share. */
const core: JupyterFrontEndPlugin<IClary> = {
  id: '@clary/labextension:core',
  description: 'Provides the SageMaker API of this Jupyter server and its live lists.',
  autoStart: true,
  provides: IClary,
  optional: [ISettingRegistry, ITranslator],
  activate: (app, registry: ISettingRegistry | null, translator: ITranslator | null): IClary => {
    const server = app.serviceManager.serverSettings;
    const trans = (translator ?? nullTranslator).load('clary');
    const clary = new Clary(
      new SageMakerApi(server),
      new ServerEvents(server),
      trans,
      app.commands
    );
    void registry?.load(core.id).then(settings => {
      const read = () => {
        clary.settings = settings.composite as unknown as ISettings;
      };
      settings.changed.connect(read);
      read();
    });
    return clary;
  }
};

/** The panel in the left sidebar. */
const panel: JupyterFrontEndPlugin<void> = {
  id: '@clary/labextension:panel',
  description: 'Shows jobs, models and endpoints in the left sidebar.',
  autoStart: true,
  requires: [IClary, ILabShell],
  optional: [ILayoutRestorer, ICommandPalette, ILauncher],
  activate: (
    app,
    clary: IClary,
    shell: ILabShell,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null
  ) => {
    const widget = makePanel(clary);
    shell.add(widget, 'left', { rank: 350, type: 'Clary' });
    restorer?.add(widget, widget.id);
    app.commands.addCommand(CommandIDs.showPanel, {
      label: args =>
        args.isLauncher ? clary.trans.__('Jobs and endpoints') : clary.trans.__('Show Clary'),
      caption: clary.trans.__(
        'Training, processing and labeling jobs, models and endpoints on this machine'
      ),
      icon: args => (args.isPalette ? undefined : claryIcon),
      execute: () => shell.activateById(widget.id)
    });
    app.commands.addCommand(CommandIDs.refresh, {
      label: clary.trans.__('Refresh Clary'),
      execute: () =>
        [clary.jobs, clary.processing, clary.labeling, clary.models, clary.endpoints].forEach(one =>
          one.refresh()
        )
    });
    for (const command of [CommandIDs.showPanel, CommandIDs.refresh]) {
      palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
    }
    launcher?.add({
      command: CommandIDs.showPanel,
      category: CATEGORY,
      args: { isLauncher: true }
    });
  }
};

/** The pages of single resources in the main area. */
const details: JupyterFrontEndPlugin<void> = {
  id: '@clary/labextension:details',
  description: 'Opens jobs, models and endpoints in tabs of the main area.',
  autoStart: true,
  requires: [IClary],
  optional: [ILayoutRestorer, ICommandPalette],
  activate: (
    app,
    clary: IClary,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const tracker = new WidgetTracker<DetailWidget>({ namespace: 'clary-details' });
    app.commands.addCommand(CommandIDs.open, {
      label: args => clary.trans.__('Open %1', String(args.name ?? '')),
      execute: args => {
        const [kind, name] = [args.kind as Kind, String(args.name)];
        let widget = tracker.find(one => one.kind === kind && one.resource === name);
        if (widget === undefined) {
          widget = new DetailWidget(clary, kind, name);
          app.shell.add(widget, 'main', { type: 'Clary' });
          void tracker.add(widget);
        }
        app.shell.activateById(widget.id);
        return widget;
      }
    });
    app.commands.addCommand(CommandIDs.openByName, {
      label: clary.trans.__('Open Training Job…'),
      execute: async () => {
        clary.jobs.activate();
        const answer = await InputDialog.getItem({
          title: clary.trans.__('Open a training job'),
          label: clary.trans.__('Name'),
          items: clary.jobs.items.map(one => one.TrainingJobName),
          editable: true,
          okLabel: clary.trans.__('Open')
        });
        if (answer.button.accept && answer.value) {
          clary.open('training-job', answer.value.trim());
        }
      }
    });
    palette?.addItem({ command: CommandIDs.openByName, category: CATEGORY });
    void restorer?.restore(tracker, {
      command: CommandIDs.open,
      args: widget => ({ kind: widget.kind, name: widget.resource }),
      name: widget => `${widget.kind}:${widget.resource}`
    });
  }
};

/** How long JupyterLab is left alone after its layout is restored. */
const START_MS = 3000;

/** Jobs and endpoints among JupyterLab's running things. */
const running: JupyterFrontEndPlugin<void> = {
  id: '@clary/labextension:running',
  description: 'Lists running jobs and endpoints among the running kernels and terminals.',
  autoStart: true,
  requires: [IClary, IRunningSessionManagers],
  activate: (app, clary: IClary, managers: IRunningSessionManagers) => {
    const added = [
      runningJobs(clary),
      runningProcessing(clary),
      runningLabeling(clary),
      runningEndpoints(clary)
    ];
    added.forEach(manager => managers.add(manager));
    // The server has better to do while JupyterLab starts; the Running panel refreshes when it is opened.
    const refresh = () => added.forEach(manager => manager.refreshRunning());
    void app.restored.then(() => window.setTimeout(refresh, START_MS));
  }
};

/** Notifications of jobs that ended. */
const done: JupyterFrontEndPlugin<void> = {
  id: '@clary/labextension:done',
  description: 'Tells when a job ended.',
  autoStart: true,
  requires: [IClary],
  activate: (_, clary: IClary) => {
    new DoneNotifier(clary);
  }
};

/** What this machine can do. */
const doctor: JupyterFrontEndPlugin<void> = {
  id: '@clary/labextension:doctor',
  description: 'Shows what this machine can do.',
  autoStart: true,
  requires: [IClary],
  optional: [ICommandPalette],
  activate: (app, clary: IClary, palette: ICommandPalette | null) => {
    app.commands.addCommand(CommandIDs.doctor, {
      label: clary.trans.__('What This Machine Can Do'),
      execute: async () => {
        try {
          await showText(
            clary.trans.__('What this machine can do'),
            report(await clary.api.doctor())
          );
        } catch (error) {
          notifyError(clary.trans, clary.trans.__('The doctor did not answer'), error);
        }
      }
    });
    palette?.addItem({ command: CommandIDs.doctor, category: CATEGORY });
  }
};

/** Launchers in notebooks. */
const launchers: JupyterFrontEndPlugin<void> = {
  id: '@clary/labextension:launchers',
  description: 'Opens notebooks with a training launcher, and keeps the keys typed in one.',
  autoStart: true,
  requires: [IClary],
  optional: [ICommandPalette, ILauncher],
  activate: (app, clary: IClary, palette: ICommandPalette | null, launcher: ILauncher | null) => {
    app.commands.addCommand(CommandIDs.newTrainingJob, {
      label: clary.trans.__('New Training Job'),
      caption: clary.trans.__('A notebook with a form to set up, launch and watch a training job'),
      icon: args => (args.isPalette ? undefined : claryIcon),
      execute: args => openTrainingLauncher(app, clary, String(args.cwd ?? ''))
    });
    palette?.addItem({
      command: CommandIDs.newTrainingJob,
      category: CATEGORY,
      args: { isPalette: true }
    });
    launcher?.add({ command: CommandIDs.newTrainingJob, category: CATEGORY });
    window.addEventListener('keydown', keepKeys, true);
  }
};

/** Labeling: the canvas in a tab, and a form for a new job. */
const labeling: JupyterFrontEndPlugin<void> = {
  id: '@clary/labextension:labeling',
  description: 'Opens the labeling canvas in the main area, and sets up labeling jobs.',
  autoStart: true,
  requires: [IClary],
  optional: [ILayoutRestorer, ICommandPalette, ILauncher, IDefaultFileBrowser],
  activate: (
    app,
    clary: IClary,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    browser: IDefaultFileBrowser | null
  ) => {
    const tracker = new WidgetTracker<CanvasWidget>({ namespace: 'clary-canvas' });
    app.commands.addCommand(CommandIDs.label, {
      label: args => clary.trans.__('Label %1', String(args.job ?? '')),
      execute: args => {
        const [job, review] = [String(args.job), args.review === true];
        let widget = tracker.find(one => one.job === job);
        if (widget === undefined) {
          widget = new CanvasWidget(clary, job, review);
          app.shell.add(widget, 'main', { type: 'Clary' });
          void tracker.add(widget);
        } else {
          widget.turn(review);
        }
        app.shell.activateById(widget.id);
        return widget;
      }
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.label,
      args: widget => ({ job: widget.job, review: widget.review }),
      name: widget => widget.job
    });
    app.commands.addCommand(CommandIDs.newLabelingJob, {
      label: clary.trans.__('New Labeling Job'),
      caption: clary.trans.__('Label images or texts, alone or with others'),
      icon: args => (args.isPalette ? undefined : labelingIcon),
      execute: async args => {
        const cwd = String(args.cwd ?? browser?.model.path ?? '');
        const tab = await askForLabelingJob(String(args.data ?? ''), wish =>
          openNotebook(app, wishCell(wish), cwd)
        );
        if (tab !== null) {
          focusCanvas(tab);
          await runNotebook(app, tab);
        }
      }
    });
    app.commands.addCommand(CommandIDs.labelData, {
      label: clary.trans.__('Label with Clary…'),
      icon: labelingIcon,
      execute: () => {
        const chosen = browser?.selectedItems().next().value;
        const data = chosen ? chosen.name + (chosen.type === 'directory' ? '/' : '') : '';
        return app.commands.execute(CommandIDs.newLabelingJob, { data });
      }
    });
    const folder = '.jp-DirListing-item[data-isdir="true"]';
    app.contextMenu.addItem({ command: CommandIDs.labelData, selector: folder, rank: 60 });
    palette?.addItem({
      command: CommandIDs.newLabelingJob,
      category: CATEGORY,
      args: { isPalette: true }
    });
    launcher?.add({ command: CommandIDs.newLabelingJob, category: CATEGORY });
  }
};

export { IClary } from './tokens';
export default [core, panel, details, running, done, doctor, launchers, labeling];
