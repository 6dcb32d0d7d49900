import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import { Message } from '@lumino/messaging';
import * as React from 'react';

import { ClaryProvider, VisibleContext } from './components/context';
import { EndpointPage } from './details/EndpointPage';
import { ModelPage } from './details/ModelPage';
import { ProcessingJobPage } from './details/ProcessingJobPage';
import { TrainingJobPage } from './details/TrainingJobPage';
import { claryIcon, KIND_ICONS } from './icons';
import { LabelingJobPage } from './labeling/LabelingJobPage';
import { Panel } from './panel/Panel';
import { Kind } from './shapes';
import { IClary } from './tokens';

const PAGES: Readonly<Record<Kind, (props: { name: string }) => JSX.Element>> = {
  'training-job': TrainingJobPage,
  'processing-job': ProcessingJobPage,
  'labeling-job': LabelingJobPage,
  model: ModelPage,
  endpoint: EndpointPage
};

/** A React component with Clary's services around it. */
class ClaryWidget extends ReactWidget {
  constructor(
    private readonly clary: IClary,
    private readonly content: JSX.Element
  ) {
    super();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.update();
  }

  protected render(): JSX.Element {
    return (
      <ClaryProvider value={this.clary}>
        <VisibleContext.Provider value={this.isVisible}>{this.content}</VisibleContext.Provider>
      </ClaryProvider>
    );
  }
}

/** The left sidebar's panel. */
export function makePanel(clary: IClary): ReactWidget {
  const panel = new ClaryWidget(clary, <Panel />);
  panel.id = 'clary-panel';
  panel.addClass('clary-Panel');
  panel.title.icon = claryIcon;
  panel.title.caption = 'Clary: training, processing and labeling jobs, models and endpoints';
  panel.node.setAttribute('role', 'region');
  panel.node.setAttribute('aria-label', 'Clary');
  return panel;
}

/** A main area tab with the page of one resource. */
export class DetailWidget extends MainAreaWidget<ReactWidget> {
  constructor(
    clary: IClary,
    readonly kind: Kind,
    readonly resource: string
  ) {
    const Content = PAGES[kind];
    super({ content: new ClaryWidget(clary, <Content name={resource} />) });
    this.id = `clary-${kind}-${resource}`;
    this.addClass('clary-Detail');
    this.title.label = resource;
    this.title.icon = KIND_ICONS[kind];
    this.title.caption = resource;
    this.title.closable = true;
    this.toolbar.hide();
  }
}
