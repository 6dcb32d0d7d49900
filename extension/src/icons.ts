import { LabIcon } from '@jupyterlab/ui-components';

import clary from '../style/icons/clary.svg';
import endpoint from '../style/icons/endpoint.svg';
import job from '../style/icons/job.svg';
import labeling from '../style/icons/labeling.svg';
import model from '../style/icons/model.svg';
import processing from '../style/icons/processing.svg';
import { Kind } from './shapes';

export const claryIcon = new LabIcon({ name: 'clary:clary', svgstr: clary });
export const jobIcon = new LabIcon({ name: 'clary:job', svgstr: job });
export const processingIcon = new LabIcon({ name: 'clary:processing', svgstr: processing });
export const labelingIcon = new LabIcon({ name: 'clary:labeling', svgstr: labeling });
export const modelIcon = new LabIcon({ name: 'clary:model', svgstr: model });
export const endpointIcon = new LabIcon({ name: 'clary:endpoint', svgstr: endpoint });

/** The icon of a kind of resource. */
export const KIND_ICONS: Readonly<Record<Kind, LabIcon>> = {
  'training-job': jobIcon,
  'processing-job': processingIcon,
  'labeling-job': labelingIcon,
  model: modelIcon,
  endpoint: endpointIcon
};
