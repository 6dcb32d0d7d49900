import { ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import { SubmitDialog } from '../components/SubmitDialog';
import { deploymentProblems, IDeployment } from '../pure/deployment';
import { derivedName, stamp } from '../pure/names';
import { IClary } from '../tokens';

const INSTANCE_TYPES = [
  'ml.t2.medium',
  'ml.m5.large',
  'ml.m5.xlarge',
  'ml.c5.xlarge',
  'ml.g4dn.xlarge'
];

/** Ask how to deploy a model, and do it: an endpoint configuration, then the endpoint. */
export async function deploy(clary: IClary, model: string): Promise<void> {
  const form = new DeployForm(model);
  const submit = async () => {
    const config = derivedName(form.values.endpoint, `-${stamp(new Date())}`);
    await clary.api.call('CreateEndpointConfig', {
      EndpointConfigName: config,
      ProductionVariants: [
        {
          VariantName: form.values.variant,
          ModelName: model,
          InstanceType: form.values.instanceType,
          InitialInstanceCount: Number(form.values.count),
          InitialVariantWeight: 1
        }
      ]
    });
    try {
      await clary.api.call('CreateEndpoint', {
        EndpointName: form.values.endpoint,
        EndpointConfigName: config
      });
    } catch (error) {
      // No endpoint uses the configuration: take it back, and tell why there is none.
      await clary.api
        .call('DeleteEndpointConfig', { EndpointConfigName: config })
        .catch(() => undefined);
      throw error;
    }
  };
  const dialog = new SubmitDialog<IDeployment>(form, {
    title: `Deploy ${form.model}`,
    label: 'Deploy',
    busy: 'Deploying…',
    submit
  });
  const answer = await dialog.launch();
  if (answer.button.accept) {
    clary.open('endpoint', form.values.endpoint);
  }
}

class DeployForm extends ReactWidget {
  constructor(readonly model: string) {
    super();
    this.values = {
      endpoint: model,
      variant: 'AllTraffic',
      instanceType: INSTANCE_TYPES[0],
      count: '1'
    };
    this.node.setAttribute('data-lm-suppress-shortcuts', 'true');
  }

  values: IDeployment;

  getValue(): IDeployment {
    return this.values;
  }

  /** Whether the form can be sent; shows what is wrong otherwise. */
  check(): boolean {
    this.tried = true;
    this.setState('', '');
    const wrong = Object.keys(deploymentProblems(this.values))[0];
    if (wrong !== undefined) {
      this.node.querySelector<HTMLElement>(`#clary-deploy-${wrong}`)?.focus();
    }
    return wrong === undefined;
  }

  setState(busy: string, error: string): void {
    [this.busy, this.error] = [busy, error];
    this.update();
  }

  protected render(): JSX.Element {
    const problems = this.tried ? deploymentProblems(this.values) : {};
    const field = (key: keyof IDeployment, label: string, list?: readonly string[]) => (
      <div className="clary-Field">
        <label htmlFor={`clary-deploy-${key}`}>{label}</label>
        <input
          id={`clary-deploy-${key}`}
          className="jp-mod-styled"
          defaultValue={this.values[key]}
          list={list && `clary-deploy-${key}-list`}
          aria-invalid={problems[key] !== undefined}
          aria-describedby={`clary-deploy-${key}-problem`}
          spellCheck={false}
          onChange={event => {
            this.values = { ...this.values, [key]: event.target.value };
            this.update();
          }}
        />
        {list && (
          <datalist id={`clary-deploy-${key}-list`}>
            {list.map(one => (
              <option key={one} value={one} />
            ))}
          </datalist>
        )}
        <span id={`clary-deploy-${key}-problem`} className="clary-Field-problem" role="alert">
          {problems[key]}
        </span>
      </div>
    );
    return (
      <div className="clary-DeployForm">
        {field('endpoint', 'Endpoint name')}
        {field('variant', 'Variant name')}
        {field('instanceType', 'Instance type', INSTANCE_TYPES)}
        {field('count', 'Instances')}
        <div role="status">{this.busy}</div>
        {this.error !== '' && (
          <div className="clary-Problem" role="alert">
            <strong>Not deployed</strong>
            <pre>{this.error}</pre>
          </div>
        )}
      </div>
    );
  }

  private tried = false;
  private busy = '';
  private error = '';
}
