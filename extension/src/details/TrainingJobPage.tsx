import { folderIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { ILive, useLive, useNow } from '../components/hooks';
import { LineChart } from '../components/LineChart';
import { LogView } from '../components/LogView';
import { At, Card, Facts, factsOf, IFact, Problem } from '../components/parts';
import { ProgressBar } from '../components/ProgressBar';
import { Timeline } from '../components/Timeline';
import { bytes, grouped, ISeries, seriesOf, short } from '../pure/chart';
import { lastPart } from '../pure/names';
import { finished, progressOf, stoppable } from '../pure/status';
import { duration } from '../pure/time';
import { ILocation } from '../request';
import { IJobMetrics, ITrainingJob } from '../shapes';
import { Page } from './Page';

/** Hyperparameters that tell Clary what to run; they have their own place on the page. */
const OWN = /^sagemaker_/;

export function TrainingJobPage(props: { name: string }): JSX.Element {
  const { name } = props;
  const clary = useClary();
  const job = useLive(
    () => clary.api.call('DescribeTrainingJob', { TrainingJobName: name }),
    'training-job',
    name,
    change => change !== 'log' && change !== 'metrics'
  );
  const samples = useLive(
    () => clary.api.metrics(name),
    'training-job',
    name,
    change => change !== 'log' && change !== 'created',
    1000
  );
  return (
    <Page
      kind="training-job"
      name={name}
      live={job}
      status={job.data?.TrainingJobStatus}
      actions={
        job.data !== null &&
        stoppable(job.data.TrainingJobStatus) && (
          <button
            type="button"
            className="clary-Button clary-mod-warn"
            onClick={() => void clary.stopJob(name)}
          >
            <stopIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Stop
          </button>
        )
      }
    >
      {data => <Body job={data} samples={samples} />}
    </Page>
  );
}

function Body(props: { job: ITrainingJob; samples: ILive<IJobMetrics> }): JSX.Element {
  const { job } = props;
  const transitions = job.SecondaryStatusTransitions ?? [];
  const running = !finished(job.TrainingJobStatus);
  const progress =
    props.samples.data?.progress ??
    (running ? progressOf(transitions[transitions.length - 1]?.StatusMessage) : null);
  return (
    <>
      {job.FailureReason && <Problem title="Failed" text={job.FailureReason} />}
      <Timeline transitions={transitions} />
      {progress && <ProgressBar progress={progress} label="Notebook cells" />}
      <Charts job={job} samples={props.samples.data} />
      <Card title="Log" wide>
        <LogView
          group="/aws/sagemaker/TrainingJobs"
          prefix={`${job.TrainingJobName}/`}
          kind="training-job"
          name={job.TrainingJobName}
          empty={running ? 'Nothing was printed so far.' : 'The job printed nothing.'}
        />
      </Card>
      <div className="clary-Columns">
        <Summary job={job} />
        <Parameters job={job} />
        <Artifacts job={job} />
        <Channels job={job} />
      </div>
    </>
  );
}

function Charts(props: { job: ITrainingJob; samples: IJobMetrics | null }): JSX.Element {
  const { job, samples } = props;
  const times = [...(samples?.metrics ?? []), ...(samples?.resources ?? [])].map(one => one.time);
  const start = Math.min(
    job.TrainingStartTime ?? Infinity,
    ...times,
    job.TrainingStartTime ? Infinity : job.CreationTime
  );
  const metrics = grouped(seriesOf(samples?.metrics ?? [], start));
  const defined = job.AlgorithmSpecification?.MetricDefinitions ?? [];
  return (
    <div className="clary-Overview">
      <Card title="Metrics" wide>
        {metrics.size > 0 ? (
          <div className="clary-Charts">
            {[...metrics].map(([title, series]) => (
              <LineChart key={title} title={title} series={series} height={212} />
            ))}
          </div>
        ) : (
          <p className="clary-Note">
            {defined.length > 0
              ? `No line of the log matched ${defined.map(one => one.Name).join(', ')} so far.`
              : 'This job defines no metrics. Give MetricDefinitions (a name and a regular expression) to see them as charts.'}
          </p>
        )}
      </Card>
      <Resources samples={samples} start={start} />
    </div>
  );
}

function Resources(props: { samples: IJobMetrics | null; start: number }): JSX.Element | null {
  const rows = props.samples?.resources ?? [];
  if (rows.length === 0) {
    return null;
  }
  const series = (
    name: string,
    pick: (row: IJobMetrics['resources'][number]) => number | null | undefined
  ) => {
    const points = rows.flatMap(row => {
      const y = pick(row);
      return y === null || y === undefined ? [] : [{ x: row.time - props.start, y }];
    });
    return { name, points } as ISeries;
  };
  const percent = (value: number) => `${short(Math.round(value * 10) / 10)} %`;
  const memory = (value: number) => bytes(value * 1e6);
  const all = [
    { one: series('CPU', row => row.cpu_percent), format: percent },
    { one: series('Memory', row => row.rss_mb), format: memory },
    { one: series('GPU', row => row.gpu_percent), format: percent },
    { one: series('GPU memory', row => row.gpu_mb), format: memory }
  ].filter(({ one }) => one.points.length > 0);
  return (
    <Card title="Resources" wide>
      <div className="clary-Charts">
        {all.map(({ one, format }) => (
          <LineChart
            key={one.name}
            title={one.name}
            series={[one]}
            height={104}
            zero
            area
            format={format}
          />
        ))}
      </div>
    </Card>
  );
}

function Summary(props: { job: ITrainingJob }): JSX.Element {
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
    ...finals.map(one => ({
      name: `Final ${one.MetricName}`,
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

/** A hyperparameter as the script sees it: the SDK quotes strings once more as JSON. */
function plain(value: string): string {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    return value;
  }
}

function Parameters(props: { job: ITrainingJob }): JSX.Element {
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

function Artifacts(props: { job: ITrainingJob }): JSX.Element {
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

function Channels(props: { job: ITrainingJob }): JSX.Element {
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

function Address(props: { uri: string }): JSX.Element {
  return <code className="clary-Address">{props.uri}</code>;
}
