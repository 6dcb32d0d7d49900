import { IRunningSessions } from '@jupyterlab/running';
import { stopIcon } from '@jupyterlab/ui-components';

import { endpointsListing, jobsListing, labelingListing, processingListing } from './clary';
import { notifyError } from './components/notices';
import { endpointIcon, jobIcon, labelingIcon, processingIcon } from './icons';
import { Listing } from './listing';
import { progressWords } from './pure/labeling';
import { words } from './pure/status';
import { IClary } from './tokens';

/** Running training jobs, for JupyterLab's panel of running things. */
export function runningJobs(clary: IClary): IRunningSessions.IManager {
  const { api, events, trans } = clary;
  const listing = new Listing({
    ...jobsListing(api, { events, pageSize: () => 100 }),
    input: { StatusEquals: 'InProgress' }
  });
  return {
    name: trans.__('Training Jobs'),
    running: () =>
      listing.items.map(one => ({
        open: () => clary.open('training-job', one.TrainingJobName),
        shutdown: () => void clary.stopJob(one.TrainingJobName),
        icon: () => jobIcon,
        label: () => one.TrainingJobName,
        labelTitle: () => words(one.SecondaryStatus ?? one.TrainingJobStatus),
        detail: () => words(one.SecondaryStatus ?? one.TrainingJobStatus)
      })),
    shutdownAll: () => {
      for (const { TrainingJobName } of listing.items) {
        api
          .call('StopTrainingJob', { TrainingJobName })
          .catch(error => notifyError(trans, `Could not stop ${TrainingJobName}`, error));
      }
    },
    refreshRunning: () => {
      listing.activate();
      listing.refresh();
    },
    runningChanged: listing.changed,
    shutdownLabel: trans.__('Stop'),
    shutdownAllLabel: trans.__('Stop All'),
    shutdownAllConfirmationText: trans.__('Stop all training jobs that are running?'),
    shutdownItemIcon: stopIcon
  };
}

/** Running processing jobs, for JupyterLab's panel of running things. */
export function runningProcessing(clary: IClary): IRunningSessions.IManager {
  const { api, events, trans } = clary;
  const listing = new Listing({
    ...processingListing(api, { events, pageSize: () => 100 }),
    input: { StatusEquals: 'InProgress' }
  });
  return {
    name: trans.__('Processing Jobs'),
    running: () =>
      listing.items.map(one => ({
        open: () => clary.open('processing-job', one.ProcessingJobName),
        shutdown: () => void clary.stopProcessing(one.ProcessingJobName),
        icon: () => processingIcon,
        label: () => one.ProcessingJobName,
        labelTitle: () => words(one.ProcessingJobStatus),
        detail: () => words(one.ProcessingJobStatus)
      })),
    shutdownAll: () => {
      for (const { ProcessingJobName } of listing.items) {
        api
          .call('StopProcessingJob', { ProcessingJobName })
          .catch(error => notifyError(trans, `Could not stop ${ProcessingJobName}`, error));
      }
    },
    refreshRunning: () => {
      listing.activate();
      listing.refresh();
    },
    runningChanged: listing.changed,
    shutdownLabel: trans.__('Stop'),
    shutdownAllLabel: trans.__('Stop All'),
    shutdownAllConfirmationText: trans.__('Stop all processing jobs that are running?'),
    shutdownItemIcon: stopIcon
  };
}

/** Running labeling jobs, for JupyterLab's panel of running things. */
export function runningLabeling(clary: IClary): IRunningSessions.IManager {
  const { api, events, trans } = clary;
  const listing = new Listing({
    ...labelingListing(api, { events, pageSize: () => 100 }),
    input: { StatusEquals: 'InProgress' }
  });
  return {
    name: trans.__('Labeling Jobs'),
    running: () =>
      listing.items.map(one => ({
        open: () => clary.open('labeling-job', one.LabelingJobName),
        shutdown: () => void clary.stopLabeling(one.LabelingJobName),
        icon: () => labelingIcon,
        label: () => one.LabelingJobName,
        labelTitle: () => words(one.LabelingJobStatus),
        detail: () => progressWords(one.LabelCounters)
      })),
    shutdownAll: () => {
      for (const { LabelingJobName } of listing.items) {
        api
          .call('StopLabelingJob', { LabelingJobName })
          .catch(error => notifyError(trans, `Could not stop ${LabelingJobName}`, error));
      }
    },
    refreshRunning: () => {
      listing.activate();
      listing.refresh();
    },
    runningChanged: listing.changed,
    shutdownLabel: trans.__('Stop'),
    shutdownAllLabel: trans.__('Stop All'),
    shutdownAllConfirmationText: trans.__('Stop all labeling jobs that are running?'),
    shutdownItemIcon: stopIcon
  };
}

/** Endpoints, for JupyterLab's panel of running things. */
export function runningEndpoints(clary: IClary): IRunningSessions.IManager {
  const { api, events, trans } = clary;
  const listing = new Listing(endpointsListing(api, { events, pageSize: () => 100 }));
  const live = () => listing.items.filter(one => one.EndpointStatus !== 'Failed');
  return {
    name: trans.__('Endpoints'),
    running: () =>
      live().map(one => ({
        open: () => clary.open('endpoint', one.EndpointName),
        shutdown: () => void clary.remove('endpoint', one.EndpointName),
        icon: () => endpointIcon,
        label: () => one.EndpointName,
        labelTitle: () => words(one.EndpointStatus),
        detail: () => words(one.EndpointStatus)
      })),
    shutdownAll: () => {
      for (const { EndpointName } of live()) {
        api
          .call('DeleteEndpoint', { EndpointName })
          .catch(error => notifyError(trans, `Could not delete ${EndpointName}`, error));
      }
    },
    refreshRunning: () => {
      listing.activate();
      listing.refresh();
    },
    runningChanged: listing.changed,
    shutdownLabel: trans.__('Delete'),
    shutdownAllLabel: trans.__('Delete All'),
    shutdownAllConfirmationText: trans.__(
      'Delete all endpoints? Their models and configurations stay.'
    )
  };
}
