/** The parts of labeling jobs, work teams and results that the pages read. Times are epoch seconds. */

import { ICounters } from '../pure/labeling';

export interface ILabelingJobSummary {
  LabelingJobName: string;
  CreationTime: number;
  LastModifiedTime: number;
  LabelingJobStatus: string;
  LabelCounters: ICounters;
  FailureReason?: string;
}

export interface ILabelingJob {
  LabelingJobName: string;
  LabelingJobArn: string;
  LabelingJobStatus: string;
  LabelCounters: ICounters;
  FailureReason?: string;
  CreationTime: number;
  LastModifiedTime: number;
  LabelAttributeName?: string;
  InputConfig: { DataSource: { S3DataSource?: { ManifestS3Uri: string } } };
  OutputConfig: { S3OutputPath: string };
  LabelCategoryConfigS3Uri?: string;
  StoppingConditions?: {
    MaxHumanLabeledObjectCount?: number;
    MaxPercentageOfInputDatasetLabeled?: number;
  };
  LabelingJobAlgorithmsConfig?: { LabelingJobAlgorithmSpecificationArn: string };
  HumanTaskConfig: {
    WorkteamArn: string;
    PreHumanTaskLambdaArn?: string;
    TaskTitle: string;
    TaskDescription: string;
    NumberOfHumanWorkersPerDataObject: number;
    TaskTimeLimitInSeconds: number;
    TaskAvailabilityLifetimeInSeconds?: number;
  };
  LabelingJobOutput?: { OutputDatasetS3Uri: string };
}

export type Answer = Readonly<Record<string, unknown>>;

export interface IVote {
  worker: string;
  answer: Answer;
}

export interface IDoubtful {
  id: number;
  why: string;
  confidence: number | null;
  votes: IVote[];
  source: { kind: 'text' | 'image'; text?: string; width?: number; height?: number; name?: string };
}

export interface IAnnotator {
  name: string;
  answers: number;
  median_seconds: number | null;
  items_per_hour: number | null;
  agreement: number | null;
  agreement_low: number | null;
  agreement_high: number | null;
  gold: { right: number; of: number } | null;
}

export interface ICertificate {
  metadata: Readonly<Record<string, unknown>>;
  words: string[];
  /** The bound of the error against the share that the machine labels, both 0 to 1. */
  curve: { share: number; bound: number }[];
  epsilon: number;
}

export interface IAgreement {
  measure: string;
  value: number | null;
  low: number | null;
  high: number | null;
  by_class: { label: string; value: number | null; low: number | null; high: number | null }[];
}

/** What there is to look at of a job: `GET /clary/labeling-jobs/NAME/results`. */
export interface IResults {
  classes: { label: string; human: number; machine: number; share: number }[];
  confidence: { edges: number[]; human: number[]; machine: number[] } | null;
  annotators: IAnnotator[];
  confusion: { labels: string[]; matrix: number[][] } | null;
  agreement: IAgreement | null;
  doubtful: IDoubtful[];
  certificate: ICertificate | null;
  rounds: { batch: number; purpose: string; size: number; accuracy?: number | null }[];
  progress: { time: number; labeled: number }[];
}

export interface IMember {
  name: string;
  added: number;
  revoked: number | null;
  status: 'Active' | 'Revoked';
}

export interface IInvitation {
  name: string;
  link: string;
  serving?: boolean;
  note?: string;
}

/** How far a job is for the person who asks: part of the canvas's answers. */
export interface IProgress {
  left: number;
  waiting: string | null;
  review?: number;
  items_per_hour: number | null;
  seconds_left: number | null;
  flagged: number;
}
