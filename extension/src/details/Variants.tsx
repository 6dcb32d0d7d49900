import * as React from 'react';

import { useClary } from '../components/context';
import { notifyError } from '../components/notices';
import { Card } from '../components/parts';
import { changedVariants, IDraft, shares } from '../pure/variants';
import { IEndpoint, IEndpointConfig } from '../shapes';

/** The production variants, whose weights and instance counts can be changed in place. */
export function Variants(props: {
  endpoint: IEndpoint;
  config: IEndpointConfig | null;
  onChanged: () => void;
}): JSX.Element {
  const { endpoint, config } = props;
  const clary = useClary();
  const [drafts, setDrafts] = React.useState<Record<string, IDraft>>({});
  const [busy, setBusy] = React.useState(false);
  const rows = (endpoint.ProductionVariants ?? []).map(one => ({
    ...one,
    made: config?.ProductionVariants.find(variant => variant.VariantName === one.VariantName)
  }));
  const share = shares(rows.map(one => one.CurrentWeight ?? 0));
  const { updates, problems } = changedVariants(rows, drafts);
  const failed = endpoint.EndpointStatus === 'Failed';
  const editable = endpoint.EndpointStatus === 'InService' && !busy;

  const edit = (variant: string, part: Partial<IDraft>) =>
    setDrafts(old => ({ ...old, [variant]: { ...old[variant], ...part } }));
  const apply = async () => {
    setBusy(true);
    try {
      await clary.api.call('UpdateEndpointWeightsAndCapacities', {
        EndpointName: endpoint.EndpointName,
        DesiredWeightsAndCapacities: updates
      });
      setDrafts({});
    } catch (error) {
      notifyError(clary.trans, 'Could not update the variants', error);
    } finally {
      setBusy(false);
      props.onChanged();
    }
  };

  return (
    <Card
      title="Variants"
      wide
      tools={
        !failed && (
          <>
            {Object.keys(drafts).length > 0 && (
              <button type="button" className="clary-Button" onClick={() => setDrafts({})}>
                Reset
              </button>
            )}
            <button
              type="button"
              className="clary-Button clary-mod-accept"
              disabled={!editable || updates.length === 0 || problems.size > 0}
              onClick={() => void apply()}
            >
              Apply
            </button>
          </>
        )
      }
    >
      {failed && (
        <p className="clary-Note">
          This endpoint failed to start; see the reason above and its log.
        </p>
      )}
      {rows.length === 0 ? (
        !failed && (
          <p className="clary-Note">The variants show here when the endpoint is in service.</p>
        )
      ) : (
        <table className="clary-Table">
          <thead>
            <tr>
              <th scope="col">Variant</th>
              <th scope="col">Model</th>
              <th scope="col">Instance</th>
              <th scope="col">Traffic</th>
              <th scope="col">Weight</th>
              <th scope="col">Instances</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one, i) => (
              <tr key={one.VariantName}>
                <th scope="row">{one.VariantName}</th>
                <td>
                  {one.made?.ModelName ? (
                    <button
                      type="button"
                      className="clary-Link"
                      onClick={() => clary.open('model', one.made?.ModelName ?? '')}
                    >
                      {one.made.ModelName}
                    </button>
                  ) : (
                    '–'
                  )}
                </td>
                <td>{one.made?.InstanceType ?? '–'}</td>
                <td>
                  <span className="clary-Share">
                    <span className="clary-Share-track" aria-hidden="true">
                      <span style={{ width: `${share[i]}%` }} />
                    </span>
                    {Math.round(share[i])} %
                  </span>
                </td>
                <td>
                  <NumberField
                    label={`Weight of ${one.VariantName}`}
                    value={
                      drafts[one.VariantName]?.weight ??
                      String(one.DesiredWeight ?? one.CurrentWeight ?? 0)
                    }
                    problem={problems.get(`${one.VariantName}.weight`)}
                    disabled={!editable}
                    onChange={weight => edit(one.VariantName, { weight })}
                  />
                </td>
                <td>
                  <NumberField
                    label={`Instances of ${one.VariantName}`}
                    value={
                      drafts[one.VariantName]?.count ??
                      String(one.DesiredInstanceCount ?? one.CurrentInstanceCount ?? 0)
                    }
                    problem={problems.get(`${one.VariantName}.count`)}
                    disabled={!editable}
                    onChange={count => edit(one.VariantName, { count })}
                  />
                  {one.CurrentInstanceCount !== one.DesiredInstanceCount && (
                    <span className="clary-Dim"> now {one.CurrentInstanceCount}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {problems.size > 0 && (
        <div className="clary-Variants-problems" role="alert">
          {[...new Set(problems.values())].join(' ')}
        </div>
      )}
    </Card>
  );
}

function NumberField(props: {
  label: string;
  value: string;
  problem: string | undefined;
  disabled: boolean;
  onChange: (value: string) => void;
}): JSX.Element {
  return (
    <input
      type="text"
      inputMode="decimal"
      className="clary-Number"
      aria-label={props.label}
      aria-invalid={props.problem !== undefined}
      title={props.problem ?? props.label}
      value={props.value}
      disabled={props.disabled}
      onChange={event => props.onChange(event.target.value)}
      data-lm-suppress-shortcuts
    />
  );
}
