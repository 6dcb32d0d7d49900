import { editIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { ILive, useLive } from '../components/hooks';
import { LogView } from '../components/LogView';
import { Card, Problem } from '../components/parts';
import { Page } from '../details/Page';
import { finished, stoppable } from '../pure/status';
import { Agreement, Confusion } from './Agreement';
import { Annotators } from './Annotators';
import { CertificateCard } from './CertificateCard';
import { Classes, Confidence } from './Distribution';
import { Doubtful } from './Doubtful';
import { Output, Rounds, Summary, Task } from './LabelingFacts';
import { ProgressCard } from './ProgressCard';
import { ILabelingJob, IProgress, IResults } from './shapes';

const KIND = 'labeling-job';

export function LabelingJobPage(props: { name: string }): JSX.Element {
  const { name } = props;
  const clary = useClary();
  const job = useLive(
    () => clary.api.call('DescribeLabelingJob', { LabelingJobName: name }),
    KIND,
    name,
    change => change !== 'log'
  );
  // What there is to look at takes longer to work out: it is asked for less often.
  const results = useLive(
    () => clary.api.results(name),
    KIND,
    name,
    change => change !== 'log',
    2000
  );
  const mine = useLive(
    () => clary.api.labelingProgress(name),
    KIND,
    name,
    change => change !== 'log',
    1000
  );
  const status = job.data?.LabelingJobStatus;
  const open = status !== undefined && stoppable(status);
  const review = mine.data?.review ?? 0;
  return (
    <Page
      kind={KIND}
      name={name}
      live={job}
      status={status}
      actions={
        <>
          {open && (
            <button
              type="button"
              className="clary-Button clary-mod-accept"
              onClick={() => clary.label(name)}
            >
              <editIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Label
            </button>
          )}
          {review > 0 && (
            <button
              type="button"
              className="clary-Button"
              title="Decide where annotators disagree, and what they flagged"
              onClick={() => clary.label(name, true)}
            >
              Review {review.toLocaleString('en')}
            </button>
          )}
          {open && (
            <button
              type="button"
              className="clary-Button clary-mod-warn"
              onClick={() => void clary.stopLabeling(name)}
            >
              <stopIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Stop
            </button>
          )}
        </>
      }
    >
      {data => <Body job={data} results={results} mine={mine.data} />}
    </Page>
  );
}

function Body(props: {
  job: ILabelingJob;
  results: ILive<IResults>;
  mine: IProgress | null;
}): JSX.Element {
  const { job, mine } = props;
  const { data: results, error } = props.results;
  const running = !finished(job.LabelingJobStatus);
  const answered = results !== null && results.annotators.some(one => one.answers > 0);
  return (
    <>
      {job.FailureReason && <Problem title="Failed" text={job.FailureReason} />}
      <ProgressCard job={job} mine={mine} results={results} />
      {results?.certificate && <CertificateCard certificate={results.certificate} />}
      {error !== null && results === null && job.LabelingJobStatus !== 'Initializing' && (
        <Card title="Results" wide>
          <p className="clary-Note">
            Not there yet: {error instanceof Error ? error.message : String(error)}
          </p>
        </Card>
      )}
      {results && (results.classes.length > 0 || results.confidence) && (
        <div className="clary-Pair">
          <Classes results={results} />
          <Confidence results={results} />
        </div>
      )}
      <Annotators job={job} results={results} />
      {answered && (
        <div className="clary-Pair">
          <Agreement results={results} />
          <Confusion results={results} />
        </div>
      )}
      {results && <Doubtful job={job.LabelingJobName} results={results} />}
      {results && <Rounds results={results} />}
      <div className="clary-Columns">
        <Summary job={job} />
        <Task job={job} />
        <Output job={job} />
      </div>
      <LogView
        group="/aws/sagemaker/LabelingJobs"
        prefix={`${job.LabelingJobName}/`}
        kind={KIND}
        name={job.LabelingJobName}
        empty={running ? 'Nothing was printed so far.' : 'The job printed nothing.'}
      />
    </>
  );
}
