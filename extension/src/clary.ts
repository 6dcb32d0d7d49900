import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { confirm, notifyError } from './components/notices';
import { ServerEvents } from './events';
import { ILabelingJobSummary } from './labeling/shapes';
import { IListingOptions, Listing } from './listing';
import { SageMakerApi } from './request';
import {
  IEndpointSummary,
  IModelSummary,
  IProcessingJobSummary,
  ITrainingJobSummary,
  Kind
} from './shapes';
import { CommandIDs, IClary, ISettings } from './tokens';

/** The services behind the token. */
export class Clary implements IClary {
  constructor(
    readonly api: SageMakerApi,
    readonly events: ServerEvents,
    readonly trans: TranslationBundle,
    private readonly commands: CommandRegistry
  ) {
    const shared = { events, pageSize: () => this.settings.pageSize };
    this.jobs = new Listing(jobsListing(api, shared));
    this.processing = new Listing(processingListing(api, shared));
    this.labeling = new Listing(labelingListing(api, shared));
    this.models = new Listing({
      ...shared,
      kinds: ['model'],
      list: async input => {
        const page = await api.call('ListModels', input);
        return { items: page.Models, next: page.NextToken };
      }
    });
    this.endpoints = new Listing(endpointsListing(api, shared));
  }

  readonly jobs: Listing<ITrainingJobSummary>;
  readonly processing: Listing<IProcessingJobSummary>;
  readonly labeling: Listing<ILabelingJobSummary>;
  readonly models: Listing<IModelSummary>;
  readonly endpoints: Listing<IEndpointSummary>;
  settings: ISettings = { pageSize: 20, logLines: 100_000, notifyWhenDone: true };

  open(kind: Kind, name: string): void {
    void this.commands.execute(CommandIDs.open, { kind, name });
  }

  newTrainingJob(): void {
    void this.commands.execute(CommandIDs.newTrainingJob);
  }

  newLabelingJob(data = ''): void {
    void this.commands.execute(CommandIDs.newLabelingJob, { data });
  }

  label(job: string, review = false): void {
    void this.commands.execute(CommandIDs.label, { job, review });
  }

  async reveal(path: string): Promise<void> {
    await this.commands.execute('filebrowser:activate');
    await this.commands.execute(CommandIDs.revealPath, { path });
  }

  async stopJob(name: string): Promise<boolean> {
    const sure = await confirm(
      'Stop the training job?',
      `“${name}” gets SIGTERM and two minutes to save its model. It cannot be started again.`,
      'Stop'
    );
    return (
      sure &&
      this.attempt(`Could not stop ${name}`, () =>
        this.api.call('StopTrainingJob', { TrainingJobName: name })
      )
    );
  }

  async stopProcessing(name: string): Promise<boolean> {
    const sure = await confirm(
      'Stop the processing job?',
      `“${name}” gets SIGTERM and two minutes to end; what it wrote so far is stored. It cannot be started again.`,
      'Stop'
    );
    return (
      sure &&
      this.attempt(`Could not stop ${name}`, () =>
        this.api.call('StopProcessingJob', { ProcessingJobName: name })
      )
    );
  }

  async stopLabeling(name: string): Promise<boolean> {
    const sure = await confirm(
      'Stop the labeling job?',
      `“${name}” gives out nothing more; what was labeled so far is stored. It cannot be started again.`,
      'Stop'
    );
    return (
      sure &&
      this.attempt(`Could not stop ${name}`, () =>
        this.api.call('StopLabelingJob', { LabelingJobName: name })
      )
    );
  }

  async remove(kind: 'model' | 'endpoint', name: string): Promise<boolean> {
    const body = {
      model: `“${name}” goes; its artifacts stay. Endpoints that run it go on.`,
      endpoint: `“${name}” answers what it was asked, then it stops. Its models and configuration stay.`
    }[kind];
    const call = {
      model: () => this.api.call('DeleteModel', { ModelName: name }),
      endpoint: () => this.api.call('DeleteEndpoint', { EndpointName: name })
    }[kind];
    const sure = await confirm(`Delete the ${kind}?`, body, 'Delete');
    return sure && this.attempt(`Could not delete ${name}`, call);
  }

  async attempt(summary: string, call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call();
      return true;
    } catch (error) {
      notifyError(this.trans, summary, error);
      return false;
    }
  }
}

type Shared = Pick<IListingOptions<unknown>, 'events' | 'pageSize'>;

/** How training jobs are listed. */
export function jobsListing(
  api: SageMakerApi,
  shared: Shared
): IListingOptions<ITrainingJobSummary> {
  return {
    ...shared,
    kinds: ['training-job'],
    list: async input => {
      const page = await api.call('ListTrainingJobs', input);
      return { items: page.TrainingJobSummaries, next: page.NextToken };
    }
  };
}

/** How processing jobs are listed. */
export function processingListing(
  api: SageMakerApi,
  shared: Shared
): IListingOptions<IProcessingJobSummary> {
  return {
    ...shared,
    kinds: ['processing-job'],
    list: async input => {
      const page = await api.call('ListProcessingJobs', input);
      return { items: page.ProcessingJobSummaries, next: page.NextToken };
    }
  };
}

/** How labeling jobs are listed. */
export function labelingListing(
  api: SageMakerApi,
  shared: Shared
): IListingOptions<ILabelingJobSummary> {
  return {
    ...shared,
    kinds: ['labeling-job'],
    list: async input => {
      const page = await api.call('ListLabelingJobs', input);
      return { items: page.LabelingJobSummaryList, next: page.NextToken };
    }
  };
}

/** How endpoints are listed. */
export function endpointsListing(
  api: SageMakerApi,
  shared: Shared
): IListingOptions<IEndpointSummary> {
  return {
    ...shared,
    kinds: ['endpoint'],
    list: async input => {
      const page = await api.call('ListEndpoints', input);
      return { items: page.Endpoints, next: page.NextToken };
    }
  };
}
