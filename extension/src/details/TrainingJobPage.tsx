import { stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { ILive, useLive } from '../components/hooks';
import { LogView } from '../components/LogView';
import { Problem } from '../components/parts';
import { ProgressBar } from '../components/ProgressBar';
import { Timeline } from '../components/Timeline';
import { finished, progressOf, stoppable } from '../pure/status';
import { IJobMetrics, ITrainingJob } from '../shapes';
import { JobCharts } from './JobCharts';
import { Artifacts, Channels, Parameters, Summary } from './JobFacts';
import { Page } from './Page';

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
      <Timeline transitions={transitions} reason={job.FailureReason} />
      {progress && <ProgressBar progress={progress} label="Notebook cells" />}
      <JobCharts job={job} samples={props.samples.data} />
      <LogView
        group="/aws/sagemaker/TrainingJobs"
        prefix={`${job.TrainingJobName}/`}
        kind="training-job"
        name={job.TrainingJobName}
        empty={running ? 'Nothing was printed so far.' : 'The job printed nothing.'}
      />
      <div className="clary-Columns">
        <Summary job={job} />
        <Parameters job={job} />
        <Artifacts job={job} />
        <Channels job={job} />
      </div>
    </>
  );
}
