import { deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { useLive } from '../components/hooks';
import { At, Card, Facts, factsOf } from '../components/parts';
import { endpointIcon } from '../icons';
import { IContainer } from '../shapes';
import { deploy } from './DeployDialog';
import { Page } from './Page';

export function ModelPage(props: { name: string }): JSX.Element {
  const { name } = props;
  const clary = useClary();
  const live = useLive(
    () => clary.api.call('DescribeModel', { ModelName: name }),
    'model',
    name,
    () => true
  );
  return (
    <Page
      kind="model"
      name={name}
      live={live}
      actions={
        <>
          <button
            type="button"
            className="clary-Button clary-mod-accept"
            onClick={() => void deploy(clary, name)}
          >
            <endpointIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Deploy…
          </button>
          <button
            type="button"
            className="clary-Button clary-mod-warn"
            onClick={() => void clary.remove('model', name)}
          >
            <deleteIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Delete
          </button>
        </>
      }
    >
      {model => {
        const containers =
          model.Containers ?? (model.PrimaryContainer ? [model.PrimaryContainer] : []);
        return (
          <div className="clary-Columns">
            {containers.map((one, i) => (
              <Container
                key={i}
                title={
                  containers.length > 1 ? `Container ${i + 1} of ${containers.length}` : 'Container'
                }
                container={one}
              />
            ))}
            <Card title="Summary">
              <Facts
                facts={[
                  { name: 'Created', value: <At at={model.CreationTime} /> },
                  { name: 'Name', value: model.ModelName, copy: model.ModelName },
                  { name: 'ARN', value: model.ModelArn, copy: model.ModelArn }
                ]}
              />
            </Card>
          </div>
        );
      }}
    </Page>
  );
}

function Container(props: { title: string; container: IContainer }): JSX.Element {
  const { container } = props;
  const data = container.ModelDataUrl ?? container.ModelDataSource?.S3DataSource?.S3Uri;
  const environment = factsOf(container.Environment);
  return (
    <Card title={props.title}>
      <Facts
        facts={[
          ...(container.ContainerHostname
            ? [{ name: 'Host name', value: container.ContainerHostname }]
            : []),
          {
            name: 'Model data',
            value: data ? <code className="clary-Address">{data}</code> : '–',
            ...(data ? { copy: data } : {})
          },
          ...(container.Image ? [{ name: 'Image', value: container.Image }] : []),
          ...(container.Mode ? [{ name: 'Mode', value: container.Mode }] : [])
        ]}
      />
      <h3>Environment</h3>
      {environment.length > 0 ? <Facts facts={environment} /> : <p className="clary-Note">None.</p>}
    </Card>
  );
}
