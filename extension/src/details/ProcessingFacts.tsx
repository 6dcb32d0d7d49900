import { folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { useNow } from '../components/hooks';
import { At, Card, Facts, factsOf, IFact } from '../components/parts';
import { finished } from '../pure/status';
import { duration } from '../pure/time';
import { IProcessingJob, IProcessingOutput } from '../shapes';
import { Address } from './JobFacts';

/** When, how long, on what, and what it said at its end. */
export function Summary(props: { job: IProcessingJob }): JSX.Element {
  const { job } = props;
  const running = !finished(job.ProcessingJobStatus);
  const now = useNow(1000, running);
  const began = job.ProcessingStartTime ?? job.CreationTime;
  const cluster = job.ProcessingResources.ClusterConfig;
  const instance = cluster.SelectedInstanceType ?? cluster.InstanceType;
  const count = cluster.SelectedInstanceCount ?? cluster.InstanceCount ?? 1;
  const limit = job.StoppingCondition?.MaxRuntimeInSeconds;
  const facts: IFact[] = [
    { name: 'Created', value: <At at={job.CreationTime} /> },
    {
      name: running ? 'Running for' : 'Took',
      value: duration((job.ProcessingEndTime ?? now) - began)
    },
    ...(instance === undefined ? [] : [{ name: 'Instance', value: `${count} × ${instance}` }]),
    ...(limit === undefined ? [] : [{ name: 'Stops after', value: duration(limit) }]),
    ...(job.ExitMessage ? [{ name: 'Exit message', value: job.ExitMessage }] : []),
    { name: 'Name', value: job.ProcessingJobName, copy: job.ProcessingJobName },
    { name: 'ARN', value: job.ProcessingJobArn, copy: job.ProcessingJobArn }
  ];
  return (
    <Card title="Summary">
      <Facts facts={facts} />
    </Card>
  );
}

/** What the job runs. */
export function Program(props: { job: IProcessingJob }): JSX.Element {
  const { AppSpecification: application, Environment: environment } = props.job;
  const command = [
    ...(application.ContainerEntrypoint ?? []),
    ...(application.ContainerArguments ?? [])
  ].join(' ');
  return (
    <Card title="Program">
      <Facts
        facts={[
          ...(command === '' ? [] : [{ name: 'Command', value: command, copy: command }]),
          { name: 'Image', value: application.ImageUri }
        ]}
      />
      <h3>Environment</h3>
      {environment && Object.keys(environment).length > 0 ? (
        <Facts facts={factsOf(environment)} />
      ) : (
        <p className="clary-Note">None.</p>
      )}
    </Card>
  );
}

/** What the job reads. */
export function Inputs(props: { job: IProcessingJob }): JSX.Element {
  const inputs = props.job.ProcessingInputs ?? [];
  return (
    <Card title="Inputs">
      {inputs.length === 0 && <p className="clary-Note">This job has no inputs.</p>}
      <Facts
        facts={inputs.map(one => {
          const uri = one.S3Input?.S3Uri ?? '';
          const mode = one.AppManaged ? 'AppManaged' : (one.S3Input?.S3InputMode ?? 'File');
          return {
            name: one.InputName,
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

/** What the job leaves, and where it lies on this machine once it is there. */
export function Outputs(props: { job: IProcessingJob }): JSX.Element {
  const { job } = props;
  const outputs = job.ProcessingOutputConfig?.Outputs ?? [];
  return (
    <Card title="Outputs">
      {outputs.length === 0 && <p className="clary-Note">This job has no outputs.</p>}
      {outputs.map(one => (
        <Stored key={one.OutputName} output={one} ended={finished(job.ProcessingJobStatus)} />
      ))}
    </Card>
  );
}

function Stored(props: { output: IProcessingOutput; ended: boolean }): JSX.Element {
  const { output, ended } = props;
  const clary = useClary();
  const uri = output.S3Output?.S3Uri ?? '';
  const mode = output.AppManaged ? 'AppManaged' : (output.S3Output?.S3UploadMode ?? '');
  const [folder, setFolder] = React.useState<string | null>(null);
  React.useEffect(() => {
    if (ended && uri !== '') {
      clary.api.locate(uri).then(
        place => setFolder(place.path),
        () => setFolder(null)
      );
    }
  }, [clary, uri, ended]);
  return (
    <>
      <Facts
        facts={[
          {
            name: output.OutputName,
            value: (
              <>
                <Address uri={uri} /> <span className="clary-Dim">{mode}</span>
              </>
            ),
            copy: uri
          }
        ]}
      />
      {folder !== null && (
        <button
          type="button"
          className="clary-Button"
          aria-label={`Open the folder of ${output.OutputName}`}
          onClick={() => void clary.reveal(folder)}
        >
          <folderIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Open folder
        </button>
      )}
    </>
  );
}
