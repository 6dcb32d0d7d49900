import { addIcon, deleteIcon, editIcon, refreshIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { IconButton } from '../components/parts';
import { labelingIcon, modelIcon } from '../icons';
import { progressWords } from '../pure/labeling';
import { stoppable } from '../pure/status';
import { Row } from './Row';
import { Section } from './Section';

/** The sidebar: training, processing and labeling jobs, models, endpoints. */
export function Panel(): JSX.Element {
  const clary = useClary();
  const { jobs, processing, labeling, models, endpoints } = clary;
  const all = React.useMemo(
    () => [jobs, processing, labeling, models, endpoints],
    [jobs, processing, labeling, models, endpoints]
  );
  const [filter, setFilter] = React.useState('');
  React.useEffect(() => {
    const timer = setTimeout(() => {
      all.forEach(listing => {
        listing.filter = filter.trim();
      });
    }, 200);
    return () => clearTimeout(timer);
  }, [filter, all]);
  return (
    <div className="clary-Panel-inner">
      <header className="clary-Panel-header">
        <h2>Clary</h2>
        <IconButton
          icon={addIcon}
          label="New training job"
          onClick={() => clary.newTrainingJob()}
        />
        <IconButton
          icon={labelingIcon}
          label="New labeling job"
          onClick={() => clary.newLabelingJob()}
        />
        <IconButton
          icon={refreshIcon}
          label="Refresh"
          onClick={() => all.forEach(one => one.refresh())}
        />
      </header>
      <input
        type="search"
        className="clary-Panel-filter"
        placeholder="Filter by name"
        aria-label="Filter by name"
        value={filter}
        onChange={event => setFilter(event.target.value)}
      />
      <div className="clary-Panel-lists">
        <Jobs />
        <ProcessingJobs />
        <LabelingJobs />
        <Models />
        <Endpoints />
      </div>
    </div>
  );
}

function Jobs(): JSX.Element {
  const clary = useClary();
  return (
    <Section
      title="Training jobs"
      listing={clary.jobs}
      keyOf={one => one.TrainingJobName}
      empty={
        <>
          No training jobs yet. Press + above for a form, or call <code>create_training_job</code>{' '}
          with boto3 or <code>clary.train("train.py")</code> in a notebook: the job shows here as it
          runs.
        </>
      }
      row={one => (
        <Row
          name={one.TrainingJobName}
          created={one.CreationTime}
          status={one.TrainingJobStatus}
          phase={one.TrainingJobStatus === 'InProgress' ? one.SecondaryStatus : undefined}
          onOpen={() => clary.open('training-job', one.TrainingJobName)}
          actions={
            stoppable(one.TrainingJobStatus) ? (
              <IconButton
                icon={stopIcon}
                label={`Stop ${one.TrainingJobName}`}
                onClick={() => void clary.stopJob(one.TrainingJobName)}
              />
            ) : null
          }
        />
      )}
    />
  );
}

function ProcessingJobs(): JSX.Element {
  const clary = useClary();
  return (
    <Section
      title="Processing jobs"
      listing={clary.processing}
      keyOf={one => one.ProcessingJobName}
      empty={
        <>
          No processing jobs yet. Call <code>create_processing_job</code> with boto3, or{' '}
          <code>clary.process("clean.py")</code>.
        </>
      }
      row={one => (
        <Row
          name={one.ProcessingJobName}
          created={one.CreationTime}
          status={one.ProcessingJobStatus}
          onOpen={() => clary.open('processing-job', one.ProcessingJobName)}
          actions={
            stoppable(one.ProcessingJobStatus) ? (
              <IconButton
                icon={stopIcon}
                label={`Stop ${one.ProcessingJobName}`}
                onClick={() => void clary.stopProcessing(one.ProcessingJobName)}
              />
            ) : null
          }
        />
      )}
    />
  );
}

function LabelingJobs(): JSX.Element {
  const clary = useClary();
  return (
    <Section
      title="Labeling jobs"
      listing={clary.labeling}
      keyOf={one => one.LabelingJobName}
      empty={
        <>
          No labeling jobs yet. Press{' '}
          <labelingIcon.react tag="span" width="12px" height="12px" aria-label="New labeling job" />{' '}
          above for a form, or call <code>create_labeling_job</code> with boto3 or{' '}
          <code>clary.label("photos/", labels=[…])</code>.
        </>
      }
      row={one => (
        <Row
          name={one.LabelingJobName}
          created={one.CreationTime}
          status={one.LabelingJobStatus}
          detail={progressWords(one.LabelCounters)}
          onOpen={() => clary.open('labeling-job', one.LabelingJobName)}
          actions={
            stoppable(one.LabelingJobStatus) ? (
              <>
                <IconButton
                  icon={editIcon}
                  label={`Label ${one.LabelingJobName}`}
                  onClick={() => clary.label(one.LabelingJobName)}
                />
                <IconButton
                  icon={stopIcon}
                  label={`Stop ${one.LabelingJobName}`}
                  onClick={() => void clary.stopLabeling(one.LabelingJobName)}
                />
              </>
            ) : null
          }
        />
      )}
    />
  );
}

function Models(): JSX.Element {
  const clary = useClary();
  return (
    <Section
      title="Models"
      listing={clary.models}
      keyOf={one => one.ModelName}
      empty={
        <>
          No models yet. A finished training job tells its artifact’s address: give it to{' '}
          <code>create_model</code>.
        </>
      }
      row={one => (
        <Row
          name={one.ModelName}
          created={one.CreationTime}
          icon={<modelIcon.react tag="span" width="14px" height="14px" aria-hidden="true" />}
          onOpen={() => clary.open('model', one.ModelName)}
          actions={
            <IconButton
              icon={deleteIcon}
              label={`Delete ${one.ModelName}`}
              onClick={() => void clary.remove('model', one.ModelName)}
            />
          }
        />
      )}
    />
  );
}

function Endpoints(): JSX.Element {
  const clary = useClary();
  return (
    <Section
      title="Endpoints"
      listing={clary.endpoints}
      keyOf={one => one.EndpointName}
      empty={
        <>
          No endpoints yet. Open a model and choose <em>Deploy</em>, or call{' '}
          <code>create_endpoint</code>.
        </>
      }
      row={one => (
        <Row
          name={one.EndpointName}
          created={one.CreationTime}
          status={one.EndpointStatus}
          onOpen={() => clary.open('endpoint', one.EndpointName)}
          actions={
            <IconButton
              icon={deleteIcon}
              label={`Delete ${one.EndpointName}`}
              disabled={one.EndpointStatus === 'Deleting'}
              onClick={() => void clary.remove('endpoint', one.EndpointName)}
            />
          }
        />
      )}
    />
  );
}
