/** What a SageMaker status means to the eye: a tone (colour) and a glyph, never the colour alone. */

export type Tone = 'busy' | 'good' | 'bad' | 'warn' | 'idle';

const TONES: Readonly<Record<string, Tone>> = {
  InProgress: 'busy',
  Initializing: 'busy',
  Creating: 'busy',
  Updating: 'busy',
  SystemUpdating: 'busy',
  RollingBack: 'warn',
  Stopping: 'warn',
  Deleting: 'warn',
  Completed: 'good',
  InService: 'good',
  Failed: 'bad',
  UpdateRollbackFailed: 'bad',
  OutOfService: 'bad',
  MaxRuntimeExceeded: 'warn',
  MaxWaitTimeExceeded: 'warn',
  Interrupted: 'warn',
  Stopped: 'idle',
  Pending: 'idle'
};

const WORDS: Readonly<Record<string, string>> = {
  InProgress: 'In progress',
  InService: 'In service',
  OutOfService: 'Out of service',
  SystemUpdating: 'System updating',
  RollingBack: 'Rolling back',
  UpdateRollbackFailed: 'Rollback failed',
  MaxRuntimeExceeded: 'Max runtime exceeded',
  MaxWaitTimeExceeded: 'Max wait time exceeded',
  LaunchingMLInstances: 'Launching',
  PreparingTrainingStack: 'Preparing',
  DownloadingTrainingImage: 'Downloading image'
};

/** The tone of a status; an unknown one (a phase such as Training) is work going on. */
export function tone(status: string): Tone {
  return TONES[status] ?? 'busy';
}

/** The status in words: "In progress". */
export function words(status: string): string {
  return WORDS[status] ?? status;
}

/** Whether a training job can still be stopped. */
export function stoppable(status: string): boolean {
  return status === 'InProgress';
}

/** Whether a training job will not change any more. */
export function finished(status: string): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Stopped';
}

export interface IPhase {
  readonly Status: string;
  readonly StatusMessage?: string;
  readonly StartTime: number;
  readonly EndTime?: number;
}

/** Transitions with those that only renew the message (a notebook's cells) told as one phase. */
export function phases(transitions: readonly IPhase[]): IPhase[] {
  const told: IPhase[] = [];
  for (const one of transitions) {
    const before = told[told.length - 1];
    if (before?.Status === one.Status) {
      told[told.length - 1] = { ...one, StartTime: before.StartTime };
    } else {
      told.push(one);
    }
  }
  return told;
}

/**
 * Where among the phases a failed job failed: what a job did is stored after a failure too, so it is
 * the last phase before that, unless the reason tells that it was the storing. -1 when it did not fail.
 */
export function failedPhase(told: readonly IPhase[], reason = ''): number {
  if (told[told.length - 1]?.Status !== 'Failed') {
    return -1;
  }
  const storing = /\nWhat the job wrote is still in [^\n]*$/.test(reason);
  let at = told.length - 2;
  while (!storing && at >= 0 && told[at].Status === 'Uploading') {
    at--;
  }
  return at;
}

export interface IProgress {
  readonly done: number;
  readonly total: number;
}

/** Progress told by a status message: "Cell 3 of 12", "3/12 cells". Null when it tells none. */
export function progressOf(message: string | undefined): IProgress | null {
  const found = /(\d+)\s*(?:\/|of)\s*(\d+)/.exec(message ?? '');
  if (!found) {
    return null;
  }
  const [done, total] = [Number(found[1]), Number(found[2])];
  return total > 0 && done <= total ? { done, total } : null;
}
