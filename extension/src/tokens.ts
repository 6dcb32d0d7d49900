import { Token } from '@lumino/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';

import { ServerEvents } from './events';
import { ILabelingJobSummary } from './labeling/shapes';
import { Listing } from './listing';
import { SageMakerApi } from './request';
import {
  IEndpointSummary,
  IModelSummary,
  IProcessingJobSummary,
  ITrainingJobSummary,
  Kind
} from './shapes';

/** What the user may set (schema/core.json). */
export interface ISettings {
  readonly pageSize: number;
  readonly logLines: number;
  readonly notifyWhenDone: boolean;
}

/** What Clary's plugins share. */
export interface IClary {
  readonly api: SageMakerApi;
  readonly events: ServerEvents;
  readonly jobs: Listing<ITrainingJobSummary>;
  readonly processing: Listing<IProcessingJobSummary>;
  readonly labeling: Listing<ILabelingJobSummary>;
  readonly models: Listing<IModelSummary>;
  readonly endpoints: Listing<IEndpointSummary>;
  readonly trans: TranslationBundle;
  readonly settings: ISettings;
  /** Open the page of a resource in the main area. */
  open(kind: Kind, name: string): void;
  /** Open a new notebook with a form for a training job. */
  newTrainingJob(): void;
  /** Ask what is to be labeled, and open a notebook that does it. `data`: a folder or file to begin with. */
  newLabelingJob(data?: string): void;
  /** Open the canvas of a labeling job in the main area; `review`: where annotators disagree. */
  label(job: string, review?: boolean): void;
  /** Show a folder or file in the file browser (a path under its root). */
  reveal(path: string): Promise<void>;
  /** Ask first, then do it; whether it was done. Failures become notifications. */
  stopJob(name: string): Promise<boolean>;
  stopProcessing(name: string): Promise<boolean>;
  stopLabeling(name: string): Promise<boolean>;
  /** Do it; whether it was done. Failures become notifications that begin with `summary`. */
  attempt(summary: string, call: () => Promise<unknown>): Promise<boolean>;
  remove(kind: 'model' | 'endpoint', name: string): Promise<boolean>;
}

export const IClary = new Token<IClary>(
  '@clary/labextension:IClary',
  'The SageMaker API of this Jupyter server, its live lists, and how to open its pages.'
);

/** The commands that the plugins register. */
export namespace CommandIDs {
  export const open = 'clary:open';
  export const showPanel = 'clary:show-panel';
  export const refresh = 'clary:refresh';
  export const openByName = 'clary:open-by-name';
  export const newTrainingJob = 'clary:new-training-job';
  export const newLabelingJob = 'clary:new-labeling-job';
  export const labelData = 'clary:label-data';
  export const label = 'clary:label';
  export const doctor = 'clary:doctor';
  export const revealPath = 'filebrowser:go-to-path';
}
