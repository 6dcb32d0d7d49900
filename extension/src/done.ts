import { Notification } from '@jupyterlab/apputils';

import { showText } from './components/notices';
import { IChange, ServerEvents } from './events';
import { Coalescer } from './pure/once';
import { gist } from './pure/errors';
import { finished } from './pure/status';
import { IClary } from './tokens';

/** Above this many at once, jobs that ended are told together. */
const TOGETHER = 3;

interface IJob {
  kind: 'training-job' | 'processing-job' | 'labeling-job';
  name: string;
  /** What tells this job from a later one of its name. */
  key: string;
  status: string;
  reason: string;
}

/** Tells the user when a job ended, also while its page is not open. */
export class DoneNotifier {
  constructor(private readonly clary: IClary) {
    clary.events.changed.connect(this.onChange, this);
  }

  private onChange(_: ServerEvents, change: IChange): void {
    if (
      (change.kind === 'training-job' ||
        change.kind === 'processing-job' ||
        change.kind === 'labeling-job') &&
      change.change === 'status' &&
      this.clary.settings.notifyWhenDone
    ) {
      this.changed.set(`${change.kind}/${change.name}`, { kind: change.kind, name: change.name });
      this.reader.request();
    }
  }

  private async describe(kind: IJob['kind'], name: string): Promise<IJob> {
    const { api } = this.clary;
    if (kind === 'training-job') {
      const job = await api.call('DescribeTrainingJob', { TrainingJobName: name });
      const key = `${job.TrainingJobArn} ${job.CreationTime}`;
      return { kind, name, key, status: job.TrainingJobStatus, reason: job.FailureReason ?? '' };
    }
    if (kind === 'labeling-job') {
      const job = await api.call('DescribeLabelingJob', { LabelingJobName: name });
      const key = `${job.LabelingJobArn} ${job.CreationTime}`;
      return { kind, name, key, status: job.LabelingJobStatus, reason: job.FailureReason ?? '' };
    }
    const job = await api.call('DescribeProcessingJob', { ProcessingJobName: name });
    const key = `${job.ProcessingJobArn} ${job.CreationTime}`;
    return { kind, name, key, status: job.ProcessingJobStatus, reason: job.FailureReason ?? '' };
  }

  private async read(): Promise<void> {
    const changed = [...this.changed.values()];
    this.changed.clear();
    const jobs = await Promise.all(
      changed.map(({ kind, name }) => this.describe(kind, name).catch(() => null))
    );
    const ended = jobs.filter(
      (job): job is IJob => job !== null && finished(job.status) && !this.told.has(job.key)
    );
    ended.forEach(job => this.told.add(job.key));
    if (ended.length > TOGETHER) {
      const failed = ended.filter(job => job.status === 'Failed').length;
      const what = ended.every(job => job.kind === 'training-job') ? 'training jobs' : 'jobs';
      Notification.info(`${ended.length} ${what} ended; ${failed} of them failed.`);
    } else {
      ended.forEach(job => this.tell(job));
    }
  }

  private tell(job: IJob): void {
    const { clary } = this;
    const { kind, name, reason } = job;
    const open = {
      label: clary.trans.__('Open'),
      callback: () => clary.open(kind, name)
    };
    if (job.status === 'Failed') {
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
    } else if (job.status === 'Completed') {
      Notification.success(`${name} completed.`, { actions: [open], autoClose: 8000 });
    }
  }

  private readonly changed = new Map<string, Pick<IJob, 'kind' | 'name'>>();
  private readonly told = new Set<string>();
  private readonly reader = new Coalescer(() => this.read(), 1000);
}
