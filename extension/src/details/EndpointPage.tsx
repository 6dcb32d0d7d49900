import { deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useClary } from '../components/context';
import { useLive } from '../components/hooks';
import { LogView } from '../components/LogView';
import { At, Card, Facts, Problem } from '../components/parts';
import { IEndpoint, IEndpointConfig } from '../shapes';
import { TestBox } from './TestBox';
import { Page } from './Page';
import { Variants } from './Variants';

interface IData {
  endpoint: IEndpoint;
  /** Null when the configuration was deleted: the endpoint goes on without it. */
  config: IEndpointConfig | null;
}

export function EndpointPage(props: { name: string }): JSX.Element {
  const { name } = props;
  const clary = useClary();
  const live = useLive<IData>(
    async () => {
      const endpoint = await clary.api.call('DescribeEndpoint', { EndpointName: name });
      const config =
        endpoint.EndpointConfigName === undefined
          ? null
          : await clary.api
              .call('DescribeEndpointConfig', { EndpointConfigName: endpoint.EndpointConfigName })
              .catch(() => null);
      return { endpoint, config };
    },
    'endpoint',
    name,
    change => change !== 'log' && change !== 'metrics'
  );
  const status = live.data?.endpoint.EndpointStatus;
  return (
    <Page
      kind="endpoint"
      name={name}
      live={live}
      status={status}
      actions={
        <button
          type="button"
          className="clary-Button clary-mod-warn"
          disabled={status === 'Deleting'}
          onClick={() => void clary.remove('endpoint', name)}
        >
          <deleteIcon.react tag="span" width="16px" height="16px" aria-hidden="true" /> Delete
        </button>
      }
    >
      {({ endpoint, config }) => (
        <>
          {endpoint.FailureReason && <Problem title="Failed" text={endpoint.FailureReason} />}
          <Variants endpoint={endpoint} config={config} onChanged={live.refresh} />
          {endpoint.EndpointStatus !== 'Failed' && (
            <TestBox
              endpoint={name}
              ready={
                endpoint.EndpointStatus === 'InService' || endpoint.EndpointStatus === 'Updating'
              }
              variants={(endpoint.ProductionVariants ?? []).map(one => one.VariantName)}
            />
          )}
          <LogView
            group={`/aws/sagemaker/Endpoints/${name}`}
            prefix=""
            kind="endpoint"
            name={name}
            empty={
              endpoint.EndpointStatus === 'Failed'
                ? 'The endpoint printed nothing.'
                : 'Nothing was printed so far.'
            }
          />
          <div className="clary-Columns">
            <Card title="Summary">
              <Facts
                facts={[
                  { name: 'Created', value: <At at={endpoint.CreationTime} /> },
                  { name: 'Changed', value: <At at={endpoint.LastModifiedTime} /> },
                  { name: 'Configuration', value: endpoint.EndpointConfigName ?? '–' },
                  { name: 'Name', value: endpoint.EndpointName, copy: endpoint.EndpointName },
                  { name: 'ARN', value: endpoint.EndpointArn, copy: endpoint.EndpointArn }
                ]}
              />
            </Card>
          </div>
        </>
      )}
    </Page>
  );
}
