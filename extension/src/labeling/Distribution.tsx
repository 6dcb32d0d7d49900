import * as React from 'react';

import { ChartCard } from '../components/ChartCard';
import { useWidth } from '../components/hooks';
import * as chart from '../pure/chart';
import { percent } from '../pure/labeling';
import { IResults } from './shapes';

const MOST = 30;

/** How many objects each class has: bars of what people and the machine have labeled. */
export function Classes(props: { results: IResults }): JSX.Element | null {
  const classes = [...props.results.classes].sort(
    (a, b) => b.human + b.machine - (a.human + a.machine)
  );
  if (classes.length === 0) {
    return null;
  }
  const most = Math.max(1, ...classes.map(one => one.human + one.machine));
  const machine = classes.some(one => one.machine > 0);
  return (
    <ChartCard
      title="Classes"
      table={{
        columns: ['Class', 'By people', 'By the machine', 'Share'],
        rows: classes.map(one => [one.label, one.human, one.machine, percent(one.share)])
      }}
    >
      {machine && <Key />}
      <ul className="clary-Bars">
        {classes.slice(0, MOST).map(one => (
          <li key={one.label}>
            <span className="clary-Bars-name" title={one.label}>
              {one.label}
            </span>
            <span className="clary-Bars-track" aria-hidden="true">
              <span className="clary-mod-human" style={{ width: `${(100 * one.human) / most}%` }} />
              <span
                className="clary-mod-machine"
                style={{ width: `${(100 * one.machine) / most}%` }}
              />
            </span>
            <span className="clary-Bars-value">
              {(one.human + one.machine).toLocaleString('en')}
              <span className="clary-Dim"> {percent(one.share)}</span>
            </span>
          </li>
        ))}
      </ul>
      {classes.length > MOST && (
        <p className="clary-Note">{classes.length - MOST} more are in the table.</p>
      )}
    </ChartCard>
  );
}

/** What the looks of bars mean. */
function Key(): JSX.Element {
  return (
    <p className="clary-Key">
      <span className="clary-Key-swatch clary-mod-human" aria-hidden="true" /> by people
      <span className="clary-Key-swatch clary-mod-machine" aria-hidden="true" /> by the machine
    </p>
  );
}

const LEFT = 44;
const BOTTOM = 34;
const TOP = 8;
const HEIGHT = 190;

/** How sure the labels are: a histogram. */
export function Confidence(props: { results: IResults }): JSX.Element | null {
  const [ref, width] = useWidth();
  const found = props.results.confidence;
  if (found === null || found.edges.length < 2) {
    return null;
  }
  const { edges, human, machine } = found;
  const most = Math.max(1, ...human.map((n, i) => n + (machine[i] ?? 0)));
  const [low, high] = [edges[0], edges[edges.length - 1]];
  const inner = Math.max(10, width - LEFT - 10);
  const tall = HEIGHT - TOP - BOTTOM;
  const sx = (x: number) => LEFT + ((x - low) / (high - low || 1)) * inner;
  const sy = (n: number) => TOP + tall * (1 - n / most);
  const range = (i: number) => `${edges[i].toFixed(2)} to ${edges[i + 1].toFixed(2)}`;
  return (
    <ChartCard
      title="Confidence"
      table={{
        columns: ['Confidence', 'By people', 'By the machine'],
        rows: human.map((n, i) => [range(i), n, machine[i] ?? 0])
      }}
    >
      {machine.some(n => n > 0) && <Key />}
      <figure className="clary-Chart" ref={ref}>
        {width > 0 && (
          <svg width={width} height={HEIGHT} role="img" aria-label={summary(found)}>
            <Hatch />
            {chart
              .ticks(0, most, 4)
              .filter(Number.isInteger)
              .map(n => (
                <g key={n} className="clary-Chart-tick">
                  <line x1={LEFT} x2={LEFT + inner} y1={sy(n)} y2={sy(n)} />
                  <text x={LEFT - 6} y={sy(n) + 4} textAnchor="end">
                    {chart.short(n)}
                  </text>
                </g>
              ))}
            {human.map((n, i) => {
              const [x, wide] = [
                sx(edges[i]) + 0.5,
                Math.max(1, sx(edges[i + 1]) - sx(edges[i]) - 1)
              ];
              const both = n + (machine[i] ?? 0);
              return (
                <g key={i}>
                  <title>{`${range(i)}: ${n} by people, ${machine[i] ?? 0} by the machine`}</title>
                  <rect
                    className="clary-Histogram-human"
                    x={x}
                    width={wide}
                    y={sy(n)}
                    height={sy(0) - sy(n)}
                  />
                  <rect
                    className="clary-Histogram-machine"
                    x={x}
                    width={wide}
                    y={sy(both)}
                    height={sy(n) - sy(both)}
                  />
                </g>
              );
            })}
            {chart.ticks(low, high, 5).map(x => (
              <text key={x} x={sx(x)} y={TOP + tall + 16} textAnchor="middle">
                {chart.short(x)}
              </text>
            ))}
            <text x={LEFT + inner} y={HEIGHT - 2} textAnchor="end">
              confidence of the label
            </text>
          </svg>
        )}
      </figure>
    </ChartCard>
  );
}

/** What the machine did is hatched, so that colour is not the only sign. */
export function Hatch(): JSX.Element {
  return (
    <defs>
      <pattern
        id="clary-hatch"
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect className="clary-Hatch-ground" width="6" height="6" />
        <rect className="clary-Hatch-line" width="2.5" height="6" />
      </pattern>
    </defs>
  );
}

function summary(found: { edges: number[]; human: number[]; machine: number[] }): string {
  const count = (values: number[], from: number) =>
    values.reduce((sum, n, i) => (found.edges[i] >= from - 1e-9 ? sum + n : sum), 0);
  const all = count(found.human, -Infinity) + count(found.machine, -Infinity);
  const sure = count(found.human, 0.9) + count(found.machine, 0.9);
  return `Confidence of ${all} labels: ${sure} are at 0.9 or above. The table has all of it.`;
}
