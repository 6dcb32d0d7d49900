import { folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { useNow } from '../components/hooks';
import { At, Card, Facts, factsOf, IFact } from '../components/parts';
import { short } from '../pure/chart';
import { lastPart } from '../pure/names';
import { finished } from '../pure/status';
import { duration } from '../pure/time';
import { ILocation } from '../request';
import { ITrainingJob } from '../shapes';

/** Hyperparameters that tell Clary what to run; they have their own place on the page. */
const OWN = /^sagemaker_/;

/** When, how long, on what, and with which result. */
export function Summary(props: { job: ITrainingJob }): JSX.Element {
  const { job } = props;
  const running = !finished(job.TrainingJobStatus);
  const now = useNow(1000, running);
  const began = job.TrainingStartTime ?? job.CreationTime;
  const resources = job.ResourceConfig;
  const limit = job.StoppingCondition?.MaxRuntimeInSeconds;
  const finals = job.FinalMetricDataList ?? [];
  const facts: IFact[] = [
    { name: 'Created', value: <At at={job.CreationTime} /> },
    {
      name: running ? 'Running for' : 'Took',
      value: duration((job.TrainingEndTime ?? now) - began)
    },
    ...(job.BillableTimeInSeconds === undefined
      ? []
      : [{ name: 'Billable time', value: duration(job.BillableTimeInSeconds) }]),
    ...(resources?.InstanceType
      ? [{ name: 'Instance', value: `${resources.InstanceCount ?? 1} × ${resources.InstanceType}` }]
      : []),
    ...(limit === undefined ? [] : [{ name: 'Stops after', value: duration(limit) }]),
    ...(job.EnableManagedSpotTraining ? [{ name: 'Managed spot', value: spot(job) }] : []),
    ...(job.EnableNetworkIsolation ? [{ name: 'Network', value: 'isolated: none' }] : []),
    ...finals.map(one => ({
      name: `${running ? 'Latest' : 'Final'} ${one.MetricName}`,
      value: <strong>{short(one.Value)}</strong>
    })),
    { name: 'Name', value: job.TrainingJobName, copy: job.TrainingJobName },
    { name: 'ARN', value: job.TrainingJobArn, copy: job.TrainingJobArn }
  ];
  return (
    <Card title="Summary">
      <Facts facts={facts} />
    </Card>
  );
}

/** "interrupted twice; waits at most 2 h": what managed spot training did to the job. */
function spot(job: ITrainingJob): string {
  const times = (job.SecondaryStatusTransitions ?? []).filter(
    one => one.Status === 'Interrupted'
  ).length;
  const said = ['not interrupted', 'interrupted once', 'interrupted twice'];
  const wait = job.StoppingCondition?.MaxWaitTimeInSeconds;
  const limit = wait === undefined ? '' : `; ends after ${duration(wait)} with all waiting`;
  return (said[times] ?? `interrupted ${times} times`) + limit;
}

/** A hyperparameter as the script sees it: the SDK quotes strings once more as JSON. */
function plain(value: string): string {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    return value;
  }
}

/** What the job runs and its hyperparameters. */
export function Parameters(props: { job: ITrainingJob }): JSX.Element {
  const {
    HyperParameters: all = {},
    Environment: environment,
    AlgorithmSpecification: algorithm
  } = props.job;
  const own = Object.fromEntries(Object.entries(all).filter(([key]) => !OWN.test(key)));
  const facts: IFact[] = [
    ...(all.sagemaker_program ? [{ name: 'Script', value: plain(all.sagemaker_program) }] : []),
    ...(all.sagemaker_submit_directory
      ? [
          {
            name: 'Source',
            value: lastPart(plain(all.sagemaker_submit_directory)),
            copy: plain(all.sagemaker_submit_directory)
          }
        ]
      : []),
    ...(algorithm?.TrainingImage ? [{ name: 'Image', value: algorithm.TrainingImage }] : []),
    ...(algorithm?.ContainerEntrypoint
      ? [
          {
            name: 'Command',
            value: [...algorithm.ContainerEntrypoint, ...(algorithm.ContainerArguments ?? [])].join(
              ' '
            )
          }
        ]
      : [])
  ];
  return (
    <Card title="Parameters">
      {facts.length > 0 && <Facts facts={facts} />}
      <h3>Hyperparameters</h3>
      {Object.keys(own).length > 0 ? (
        <Facts facts={factsOf(own).map(one => ({ ...one, value: plain(String(one.value)) }))} />
      ) : (
        <p className="clary-Note">None.</p>
      )}
      {environment && Object.keys(environment).length > 0 && (
        <>
          <h3>Environment</h3>
          <Facts facts={factsOf(environment)} />
        </>
      )}
    </Card>
  );
}

/** What the job leaves. */
export function Artifacts(props: { job: ITrainingJob }): JSX.Element {
  const { job } = props;
  const ended = finished(job.TrainingJobStatus);
  const model = job.ModelArtifacts?.S3ModelArtifacts;
  const facts: [string, string | undefined][] = [
    ['Output path', job.OutputDataConfig?.S3OutputPath],
    ['Checkpoints', job.CheckpointConfig?.S3Uri]
  ];
  return (
    <Card title="Artifacts">
      {ended && model ? (
        <Model uri={model} />
      ) : (
        <p className="clary-Note">The model is stored here when the job has ended.</p>
      )}
      <Facts
        facts={facts.flatMap(([name, uri]) =>
          uri === undefined ? [] : [{ name, value: <Address uri={uri} />, copy: uri }]
        )}
      />
    </Card>
  );
}

/** A model artifact, and where it lies on this machine: a button where the file browser can show it. */
function Model(props: { uri: string }): JSX.Element | null {
  const clary = useClary();
  const [place, setPlace] = React.useState<ILocation | null>(null);
  React.useEffect(() => {
    clary.api.locate(props.uri).then(setPlace, () => setPlace(null));
  }, [clary, props.uri]);
  if (place === null) {
    return null;
  }
  const { path, local } = place;
  if (local === null) {
    return <p className="clary-Note">The job left no model.</p>;
  }
  return (
    <>
      <Facts
        facts={[
          { name: 'Model', value: <Address uri={props.uri} />, copy: props.uri },
          { name: 'File', value: <Address uri={local} />, copy: local }
        ]}
      />
      {path !== null && (
        <button type="button" className="clary-Button" onClick={() => void clary.reveal(path)}>
          <folderIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Open folder
        </button>
      )}
    </>
  );
}

/** What the job reads. */
export function Channels(props: { job: ITrainingJob }): JSX.Element {
  const channels = props.job.InputDataConfig ?? [];
  return (
    <Card title="Channels">
      {channels.length === 0 && <p className="clary-Note">This job reads no data channel.</p>}
      <Facts
        facts={channels.map(one => {
          const uri =
            one.DataSource?.S3DataSource?.S3Uri ??
            one.DataSource?.FileSystemDataSource?.DirectoryPath ??
            '';
          const mode =
            one.InputMode ?? props.job.AlgorithmSpecification?.TrainingInputMode ?? 'File';
          return {
            name: one.ChannelName,
            value: (
              <>
                <Address uri={uri} /> <span className="clary-Dim">{mode}</span>
              </>
            ),
            copy: uri
          };
        })}
      />
    </Card>
  );
}

/** An address or path. */
export function Address(props: { uri: string }): JSX.Element {
  return <code className="clary-Address">{props.uri}</code>;
}
