import { folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { DataTable } from '../components/ChartCard';
import { useClary } from '../components/context';
import { At, Card, Facts, IFact } from '../components/parts';
import { Address } from '../details/JobFacts';
import { about, percent } from '../pure/labeling';
import { lastPart, parentOf } from '../pure/names';
import { finished } from '../pure/status';
import { ILabelingJob, IResults } from './shapes';

export function Summary(props: { job: ILabelingJob }): JSX.Element {
  const { job } = props;
  const stop = job.StoppingConditions;
  const facts: IFact[] = [
    { name: 'Created', value: <At at={job.CreationTime} /> },
    {
      name: finished(job.LabelingJobStatus) ? 'Ended' : 'Changed',
      value: <At at={job.LastModifiedTime} />
    },
    {
      name: 'Automatic labels',
      value: job.LabelingJobAlgorithmsConfig
        ? lastPart(job.LabelingJobAlgorithmsConfig.LabelingJobAlgorithmSpecificationArn)
        : 'none'
    },
    ...(stop?.MaxHumanLabeledObjectCount === undefined
      ? []
      : [{ name: 'Stops at', value: `${stop.MaxHumanLabeledObjectCount} labeled by people` }]),
    ...(stop?.MaxPercentageOfInputDatasetLabeled === undefined
      ? []
      : [{ name: 'Stops at', value: `${stop.MaxPercentageOfInputDatasetLabeled} % labeled` }]),
    { name: 'Name', value: job.LabelingJobName, copy: job.LabelingJobName },
    { name: 'ARN', value: job.LabelingJobArn, copy: job.LabelingJobArn }
  ];
  return (
    <Card title="Summary">
      <Facts facts={facts} />
    </Card>
  );
}

export function Task(props: { job: ILabelingJob }): JSX.Element {
  const task = props.job.HumanTaskConfig;
  const kind = task.PreHumanTaskLambdaArn?.split(':').pop()?.replace(/^PRE-/, '');
  return (
    <Card title="Task">
      <Facts
        facts={[
          { name: 'Title', value: task.TaskTitle },
          ...(task.TaskDescription === task.TaskTitle
            ? []
            : [{ name: 'Description', value: task.TaskDescription }]),
          ...(kind === undefined ? [] : [{ name: 'Type', value: kind }]),
          { name: 'People for each object', value: String(task.NumberOfHumanWorkersPerDataObject) },
          { name: 'Time for an object', value: about(task.TaskTimeLimitInSeconds) },
          ...(task.TaskAvailabilityLifetimeInSeconds === undefined
            ? []
            : [{ name: 'Ends after', value: about(task.TaskAvailabilityLifetimeInSeconds) }]),
          { name: 'Work team', value: lastPart(task.WorkteamArn), copy: task.WorkteamArn }
        ]}
      />
    </Card>
  );
}

/** Where the labels are, and where they came from. */
export function Output(props: { job: ILabelingJob }): JSX.Element {
  const { job } = props;
  const clary = useClary();
  const input = job.InputConfig.DataSource.S3DataSource?.ManifestS3Uri;
  const manifest = job.LabelingJobOutput?.OutputDatasetS3Uri;
  const place = `${job.OutputConfig.S3OutputPath.replace(/\/+$/, '')}/${job.LabelingJobName}`;
  const [folder, setFolder] = React.useState<string | null>(null);
  React.useEffect(() => {
    let gone = false;
    clary.api.locate(manifest === undefined ? place : parentOf(manifest)).then(
      found => gone || setFolder(found.path),
      () => gone || setFolder(null)
    );
    return () => {
      gone = true;
    };
  }, [clary, manifest, place, job.LabelingJobStatus]);
  const address = (name: string, uri: string | undefined) =>
    uri === undefined ? [] : [{ name, value: <Address uri={uri} />, copy: uri }];
  return (
    <Card title="Input and output">
      <Facts
        facts={[
          ...address('Input manifest', input),
          ...address('Label categories', job.LabelCategoryConfigS3Uri),
          {
            name: 'Label attribute',
            value: job.LabelAttributeName ?? '–',
            copy: job.LabelAttributeName
          },
          ...(manifest === undefined
            ? address('Output', place)
            : address('Output manifest', manifest))
        ]}
      />
      {folder !== null && (
        <button type="button" className="clary-Button" onClick={() => void clary.reveal(folder)}>
          <folderIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Open the
          output
        </button>
      )}
    </Card>
  );
}

/** What active learning did, round by round. */
export function Rounds(props: { results: IResults }): JSX.Element | null {
  const { rounds } = props.results;
  if (rounds.length < 2) {
    return null;
  }
  const purposes: Record<string, string> = { train: 'to learn from', audit: 'to check by' };
  return (
    <Card title="Rounds">
      <DataTable
        caption="Rounds of active learning"
        table={{
          columns: ['Round', 'Objects', 'For the machine', 'Right before it was told'],
          rows: rounds.map(one => [
            one.batch,
            one.size,
            purposes[one.purpose] ?? one.purpose,
            typeof one.accuracy === 'number' ? percent(one.accuracy) : '–'
          ])
        }}
      />
    </Card>
  );
}
