import * as React from 'react';

import { ChartCard } from '../components/ChartCard';
import { IInterval, Intervals } from '../components/Intervals';
import { Card } from '../components/parts';
import { interval } from '../pure/labeling';
import { IResults } from './shapes';

/** How much annotators agree: in all, by class, by person, each with its interval. */
export function Agreement(props: { results: IResults }): JSX.Element | null {
  const { agreement, annotators } = props.results;
  if (!agreement || agreement.value === null) {
    return (
      <Card title="Agreement">
        <p className="clary-Note">
          It can be told when several people have labeled the same objects.
        </p>
      </Card>
    );
  }
  const people: IInterval[] = annotators
    .filter(one => one.agreement !== null)
    .map(one => ({
      name: one.name,
      value: one.agreement,
      low: one.agreement_low,
      high: one.agreement_high
    }));
  const classes = agreement.by_class.map(one => ({ ...one, name: one.label }));
  const rows = [
    { what: 'All', name: agreement.measure, ...agreement },
    ...classes.map(one => ({ what: 'Class', ...one })),
    ...people.map(one => ({ what: 'Person', ...one }))
  ];
  return (
    <ChartCard
      title="Agreement"
      table={{
        columns: ['Of', 'Name', 'Agreement (95 % interval)'],
        rows: rows.map(one => [one.what, one.name, interval(one.value, one.low, one.high)])
      }}
    >
      <p className="clary-Big">
        <strong>{agreement.value.toFixed(2)}</strong>
        <span className="clary-Dim">
          {agreement.measure}
          {agreement.low !== null && agreement.high !== null
            ? `, 95 % interval ${agreement.low.toFixed(2)} to ${agreement.high.toFixed(2)}`
            : ''}
          . 1 is full agreement, 0 is chance.
        </span>
      </p>
      {classes.length > 0 && (
        <>
          <h3>By class</h3>
          <Intervals title="Agreement by class" items={classes} />
        </>
      )}
      {people.length > 0 && (
        <>
          <h3>Each person with the others</h3>
          <Intervals title="Agreement by person" items={people} />
        </>
      )}
    </ChartCard>
  );
}

/** Which classes annotators take for each other. */
export function Confusion(props: { results: IResults }): JSX.Element | null {
  const found = props.results.confusion;
  if (!found || found.labels.length < 2 || !found.matrix.some(row => row.some(n => n > 0))) {
    return null;
  }
  const { labels, matrix } = found;
  const sums = matrix.map(row => row.reduce((a, b) => a + b, 0) || 1);
  const worst = labels
    .flatMap((one, i) =>
      labels.map((other, j) => ({ one, other, n: i < j ? matrix[i][j] + matrix[j][i] : 0 }))
    )
    .sort((a, b) => b.n - a.n)[0];
  return (
    <Card title="Confusion between annotators">
      <p className="clary-Note">
        {worst.n > 0
          ? `Most often taken for each other: ${worst.one} and ${worst.other}.`
          : 'Nobody disagreed.'}{' '}
        A row is one person’s answer, a column another’s to the same object, in percent of the row.
      </p>
      <div className="clary-TableFrame">
        <table className="clary-Confusion">
          <caption className="clary-ForReaders">Confusion between annotators</caption>
          <thead>
            <tr>
              <td />
              {labels.map(name => (
                <th key={name} scope="col" title={name}>
                  <span>{name}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.map((row, i) => (
              <tr key={labels[i]}>
                <th scope="row" title={labels[i]}>
                  {labels[i]}
                </th>
                {row.map((n, j) => {
                  const share = n / sums[i];
                  return (
                    <td
                      key={labels[j]}
                      className={i === j ? 'clary-mod-same' : 'clary-mod-other'}
                      style={
                        {
                          '--clary-share': `${Math.round(100 * Math.sqrt(share))}%`
                        } as React.CSSProperties
                      }
                      title={`${labels[i]} and ${labels[j]}: ${n}`}
                    >
                      {n === 0 ? '' : Math.round(100 * share) || '<1'}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
