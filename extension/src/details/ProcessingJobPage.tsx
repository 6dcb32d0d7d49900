import { stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { ILive, useLive } from '../components/hooks';
import { LogView } from '../components/LogView';
import { Problem } from '../components/parts';
import { Timeline } from '../components/Timeline';
import { finished, stoppable } from '../pure/status';
import { IJobPhases, IProcessingJob } from '../shapes';
import { Resources } from './JobCharts';
import { Inputs, Outputs, Program, Summary } from './ProcessingFacts';
import { Page } from './Page';

const KIND = 'processing-job';

export function ProcessingJobPage(props: { name: string }): JSX.Element {
  const { name } = props;
  const clary = useClary();
  const job = useLive(
    () => clary.api.call('DescribeProcessingJob', { ProcessingJobName: name }),
    KIND,
    name,
    change => change !== 'log' && change !== 'metrics'
  );
  const phases = useLive(
    () => clary.api.phases(name),
    KIND,
    name,
    change => change !== 'log' && change !== 'created',
    1000
  );
  const status = job.data?.ProcessingJobStatus;
  return (
    <Page
      kind={KIND}
      name={name}
      live={job}
      status={status}
      actions={
        status !== undefined &&
        stoppable(status) && (
          <button
            type="button"
            className="clary-Button clary-mod-warn"
            onClick={() => void clary.stopProcessing(name)}
          >
            <stopIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Stop
          </button>
        )
      }
    >
      {data => <Body job={data} phases={phases} />}
    </Page>
  );
}

function Body(props: { job: IProcessingJob; phases: ILive<IJobPhases> }): JSX.Element {
  const { job } = props;
  const told = props.phases.data;
  const running = !finished(job.ProcessingJobStatus);
  return (
    <>
      {job.FailureReason && <Problem title="Failed" text={job.FailureReason} />}
      <Timeline transitions={told?.phases ?? []} reason={job.FailureReason} />
      <Resources samples={told} start={job.ProcessingStartTime ?? job.CreationTime} />
      <LogView
        group="/aws/sagemaker/ProcessingJobs"
        prefix={`${job.ProcessingJobName}/`}
        kind={KIND}
        name={job.ProcessingJobName}
        empty={running ? 'Nothing was printed so far.' : 'The job printed nothing.'}
      />
      <div className="clary-Columns">
        <Summary job={job} />
        <Program job={job} />
        <Inputs job={job} />
        <Outputs job={job} />
      </div>
    </>
  );
}
