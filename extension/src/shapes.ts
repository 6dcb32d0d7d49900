/** The parts of SageMaker's shapes that the pages read. Times are epoch seconds (JSON 1.1). */

import { ILabelingJob, ILabelingJobSummary } from './labeling/shapes';

export type Kind = 'training-job' | 'processing-job' | 'labeling-job' | 'model' | 'endpoint';

export interface IPage {
  NextToken?: string;
}

export interface IListInput {
  MaxResults?: number;
  NextToken?: string;
  NameContains?: string;
  SortBy?: string;
  SortOrder?: 'Ascending' | 'Descending';
  StatusEquals?: string;
}

export interface ITrainingJobSummary {
  TrainingJobName: string;
  CreationTime: number;
  TrainingEndTime?: number;
  LastModifiedTime?: number;
  TrainingJobStatus: string;
  SecondaryStatus?: string;
}

export interface IProcessingJobSummary {
  ProcessingJobName: string;
  CreationTime: number;
  ProcessingEndTime?: number;
  LastModifiedTime?: number;
  ProcessingJobStatus: string;
}

export interface IModelSummary {
  ModelName: string;
  CreationTime: number;
}

export interface IEndpointSummary {
  EndpointName: string;
  CreationTime: number;
  LastModifiedTime: number;
  EndpointStatus: string;
}

export interface ITransition {
  Status: string;
  StatusMessage?: string;
  StartTime: number;
  EndTime?: number;
}

export interface IChannel {
  ChannelName: string;
  DataSource?: {
    S3DataSource?: { S3Uri: string; S3DataType?: string };
    FileSystemDataSource?: { DirectoryPath: string };
  };
  ContentType?: string;
  InputMode?: string;
}

export interface ITrainingJob {
  TrainingJobName: string;
  TrainingJobArn: string;
  TrainingJobStatus: string;
  SecondaryStatus: string;
  FailureReason?: string;
  CreationTime: number;
  TrainingStartTime?: number;
  TrainingEndTime?: number;
  LastModifiedTime?: number;
  BillableTimeInSeconds?: number;
  HyperParameters?: Record<string, string>;
  Environment?: Record<string, string>;
  AlgorithmSpecification?: {
    TrainingImage?: string;
    AlgorithmName?: string;
    TrainingInputMode?: string;
    ContainerEntrypoint?: string[];
    ContainerArguments?: string[];
    MetricDefinitions?: { Name: string; Regex: string }[];
  };
  InputDataConfig?: IChannel[];
  OutputDataConfig?: { S3OutputPath: string };
  CheckpointConfig?: { S3Uri: string; LocalPath?: string };
  ModelArtifacts?: { S3ModelArtifacts: string };
  ResourceConfig?: { InstanceType?: string; InstanceCount?: number; VolumeSizeInGB?: number };
  StoppingCondition?: { MaxRuntimeInSeconds?: number; MaxWaitTimeInSeconds?: number };
  EnableManagedSpotTraining?: boolean;
  EnableNetworkIsolation?: boolean;
  SecondaryStatusTransitions?: ITransition[];
  FinalMetricDataList?: { MetricName: string; Value: number; Timestamp: number }[];
}

export interface IProcessingInput {
  InputName: string;
  AppManaged?: boolean;
  S3Input?: { S3Uri: string; LocalPath?: string; S3InputMode?: string };
}

export interface IProcessingOutput {
  OutputName: string;
  AppManaged?: boolean;
  S3Output?: { S3Uri: string; LocalPath?: string; S3UploadMode: string };
}

export interface IProcessingJob {
  ProcessingJobName: string;
  ProcessingJobArn: string;
  ProcessingJobStatus: string;
  FailureReason?: string;
  ExitMessage?: string;
  CreationTime: number;
  ProcessingStartTime?: number;
  ProcessingEndTime?: number;
  Environment?: Record<string, string>;
  AppSpecification: {
    ImageUri: string;
    ContainerEntrypoint?: string[];
    ContainerArguments?: string[];
  };
  ProcessingInputs?: IProcessingInput[];
  ProcessingOutputConfig?: { Outputs: IProcessingOutput[] };
  ProcessingResources: {
    ClusterConfig: {
      InstanceType?: string;
      InstanceCount?: number;
      SelectedInstanceType?: string;
      SelectedInstanceCount?: number;
    };
  };
  StoppingCondition?: { MaxRuntimeInSeconds: number };
}

export interface IContainer {
  ContainerHostname?: string;
  Image?: string;
  Mode?: string;
  ModelDataUrl?: string;
  ModelDataSource?: { S3DataSource?: { S3Uri: string } };
  Environment?: Record<string, string>;
}

export interface IModel {
  ModelName: string;
  ModelArn: string;
  CreationTime: number;
  PrimaryContainer?: IContainer;
  Containers?: IContainer[];
}

export interface IVariantSummary {
  VariantName: string;
  CurrentWeight?: number;
  DesiredWeight?: number;
  CurrentInstanceCount?: number;
  DesiredInstanceCount?: number;
  VariantStatus?: { Status: string; StatusMessage?: string }[];
}

export interface IEndpoint {
  EndpointName: string;
  EndpointArn: string;
  EndpointConfigName?: string;
  EndpointStatus: string;
  FailureReason?: string;
  CreationTime: number;
  LastModifiedTime: number;
  ProductionVariants?: IVariantSummary[];
}

export interface IVariant {
  VariantName: string;
  ModelName?: string;
  InstanceType?: string;
  InitialInstanceCount?: number;
  InitialVariantWeight?: number;
}

export interface IEndpointConfig {
  EndpointConfigName: string;
  CreationTime: number;
  ProductionVariants: IVariant[];
}

export interface ILogEvent {
  timestamp: number;
  message: string;
}

export interface ILogEvents {
  events: ILogEvent[];
  nextForwardToken?: string;
  nextBackwardToken?: string;
}

export interface ILogStream {
  logStreamName: string;
  firstEventTimestamp?: number;
  lastEventTimestamp?: number;
}

/** What Clary's REST beside the API tells of a running job: samples, times in epoch seconds. */
export interface IJobMetrics {
  metrics: { name: string; value: number; time: number }[];
  resources: {
    time: number;
    cpu_percent?: number | null;
    rss_mb?: number | null;
    gpu_percent?: number | null;
    gpu_mb?: number | null;
  }[];
  progress?: { done: number; total: number } | null;
}

/** What Clary's REST beside the API tells of a processing job: the phases it went through, and what it used. */
export interface IJobPhases {
  phases: ITransition[];
  resources: IJobMetrics['resources'];
}

/** Every operation that a page calls: what goes in, what comes out. */
export interface IOperations {
  ListTrainingJobs: [IListInput, IPage & { TrainingJobSummaries: ITrainingJobSummary[] }];
  DescribeTrainingJob: [{ TrainingJobName: string }, ITrainingJob];
  StopTrainingJob: [{ TrainingJobName: string }, void];
  ListProcessingJobs: [IListInput, IPage & { ProcessingJobSummaries: IProcessingJobSummary[] }];
  DescribeProcessingJob: [{ ProcessingJobName: string }, IProcessingJob];
  StopProcessingJob: [{ ProcessingJobName: string }, void];
  ListLabelingJobs: [IListInput, IPage & { LabelingJobSummaryList: ILabelingJobSummary[] }];
  DescribeLabelingJob: [{ LabelingJobName: string }, ILabelingJob];
  StopLabelingJob: [{ LabelingJobName: string }, void];
  ListModels: [IListInput, IPage & { Models: IModelSummary[] }];
  DescribeModel: [{ ModelName: string }, IModel];
  DeleteModel: [{ ModelName: string }, void];
  ListEndpoints: [IListInput, IPage & { Endpoints: IEndpointSummary[] }];
  DescribeEndpoint: [{ EndpointName: string }, IEndpoint];
  DescribeEndpointConfig: [{ EndpointConfigName: string }, IEndpointConfig];
  CreateEndpointConfig: [
    { EndpointConfigName: string; ProductionVariants: IVariant[] },
    { EndpointConfigArn: string }
  ];
  DeleteEndpointConfig: [{ EndpointConfigName: string }, void];
  CreateEndpoint: [{ EndpointName: string; EndpointConfigName: string }, { EndpointArn: string }];
  UpdateEndpointWeightsAndCapacities: [
    {
      EndpointName: string;
      DesiredWeightsAndCapacities: {
        VariantName: string;
        DesiredWeight?: number;
        DesiredInstanceCount?: number;
      }[];
    },
    { EndpointArn: string }
  ];
  DeleteEndpoint: [{ EndpointName: string }, void];
  DescribeLogStreams: [
    { logGroupName: string; logStreamNamePrefix?: string; orderBy?: string; descending?: boolean },
    { logStreams: ILogStream[]; nextToken?: string }
  ];
  GetLogEvents: [
    {
      logGroupName: string;
      logStreamName: string;
      limit?: number;
      nextToken?: string;
      startFromHead?: boolean;
    },
    ILogEvents
  ];
}

export type Operation = keyof IOperations;
export type Input<O extends Operation> = IOperations[O][0];
export type Output<O extends Operation> = IOperations[O][1];
