import { Notification } from '@jupyterlab/apputils';

import { showText } from './components/notices';
import { IChange, ServerEvents } from './events';
import { Coalescer } from './pure/once';
import { gist } from './pure/errors';
import { finished } from './pure/status';
import { ITrainingJob } from './shapes';
import { IClary } from './tokens';

/** Above this many at once, jobs that ended are told together. */
const TOGETHER = 3;

/** Tells the user when a training job ended, also while its page is not open. */
export class DoneNotifier {
  constructor(private readonly clary: IClary) {
    clary.events.changed.connect(this.onChange, this);
  }

  private onChange(_: ServerEvents, change: IChange): void {
    if (
      change.kind === 'training-job' &&
      change.change === 'status' &&
      this.clary.settings.notifyWhenDone
    ) {
      this.names.add(change.name);
      this.reader.request();
    }
  }

  private async read(): Promise<void> {
    const names = [...this.names];
    this.names.clear();
    const jobs = await Promise.all(
      names.map(name =>
        this.clary.api.call('DescribeTrainingJob', { TrainingJobName: name }).catch(() => null)
      )
    );
    const ended = jobs.filter(
      (job): job is ITrainingJob =>
        job !== null &&
        finished(job.TrainingJobStatus) &&
        !this.told.has(job.TrainingJobArn + job.CreationTime)
    );
    ended.forEach(job => this.told.add(job.TrainingJobArn + job.CreationTime));
    if (ended.length > TOGETHER) {
      const failed = ended.filter(job => job.TrainingJobStatus === 'Failed').length;
      Notification.info(`${ended.length} training jobs ended; ${failed} of them failed.`);
    } else {
      ended.forEach(job => this.tell(job));
    }
  }

  private tell(job: ITrainingJob): void {
    const { clary } = this;
    const name = job.TrainingJobName;
    const open = {
      label: clary.trans.__('Open'),
      callback: () => clary.open('training-job', name)
    };
    if (job.TrainingJobStatus === 'Failed') {
      const reason = job.FailureReason ?? '';
      const show = {
        label: clary.trans.__('Show'),
        caption: clary.trans.__('Show the whole text'),
        callback: () => void showText(`${name} failed`, reason)
      };
      const line = `${name} failed: ${gist(reason)}`;
      Notification.error(line.length > 140 ? `${line.slice(0, 137)}…` : line, {
        autoClose: false,
        actions: [show, open]
      });
    } else if (job.TrainingJobStatus === 'Completed') {
      Notification.success(`${name} completed.`, { actions: [open], autoClose: 8000 });
    }
  }

  private readonly names = new Set<string>();
  private readonly told = new Set<string>();
  private readonly reader = new Coalescer(() => this.read(), 1000);
}
