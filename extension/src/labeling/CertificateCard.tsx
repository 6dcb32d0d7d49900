import * as React from 'react';

import { ChartCard } from '../components/ChartCard';
import { useWidth } from '../components/hooks';
import * as chart from '../pure/chart';
import { percent } from '../pure/labeling';
import { ICertificate } from './shapes';

const LEFT = 56;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 36;
const HEIGHT = 220;

/** What is guaranteed of the automatic labels, in words and as a picture. */
export function CertificateCard(props: { certificate: ICertificate }): JSX.Element {
  const { certificate } = props;
  const { words, curve, epsilon } = certificate;
  return (
    <ChartCard
      title="Certificate of the automatic labels"
      wide
      className="clary-Certificate"
      table={{
        columns: ['Labeled by the machine', 'Error is at most', `Within ${percent(epsilon)}`],
        rows: curve.map(({ share, bound }) => [
          percent(share),
          percent(bound),
          bound <= epsilon ? 'yes' : 'no'
        ])
      }}
    >
      <div className="clary-Certificate-body">
        <div className="clary-Certificate-words">
          {words.map((text, i) => (
            <p key={i}>{text}</p>
          ))}
        </div>
        {curve.length > 1 && <Curve curve={curve} epsilon={epsilon} />}
      </div>
    </ChartCard>
  );
}

/** The bound of the error against the share that the machine labels. */
function Curve(props: Pick<ICertificate, 'curve' | 'epsilon'>): JSX.Element {
  const { epsilon } = props;
  const [ref, width] = useWidth();
  const curve = [...props.curve].sort((a, b) => a.share - b.share);
  const high = Math.min(1, Math.max(epsilon * 2, ...curve.map(one => one.bound)) * 1.06);
  const inner = Math.max(10, width - LEFT - RIGHT);
  const tall = HEIGHT - TOP - BOTTOM;
  const sx = (share: number) => LEFT + share * inner;
  const sy = (bound: number) => TOP + (1 - Math.min(bound, high) / high) * tall;
  const line = chart.path(
    curve.map(({ share, bound }) => ({ x: share, y: bound })),
    sx,
    sy
  );
  const reached = [...curve].reverse().find(one => one.bound <= epsilon);
  const said =
    reached === undefined
      ? `At no share the error stays within ${percent(epsilon)}.`
      : `Up to ${percent(reached.share)} labeled by the machine the error is at most ${percent(reached.bound)}.`;
  return (
    <figure className="clary-Chart clary-series-0" ref={ref}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={`Certificate. ${said}`}>
          <rect
            className="clary-Certificate-good"
            x={LEFT}
            width={inner}
            y={sy(epsilon)}
            height={TOP + tall - sy(epsilon)}
          />
          {chart.ticks(0, high, 4).map(y => (
            <g key={y} className="clary-Chart-tick">
              <line x1={LEFT} x2={LEFT + inner} y1={sy(y)} y2={sy(y)} />
              <text x={LEFT - 6} y={sy(y) + 4} textAnchor="end">
                {percent(y)}
              </text>
            </g>
          ))}
          {[0, 0.25, 0.5, 0.75, 1].map(x => (
            <text key={x} x={sx(x)} y={TOP + tall + 16} textAnchor={x === 1 ? 'end' : 'middle'}>
              {percent(x)}
            </text>
          ))}
          <text x={LEFT + inner} y={HEIGHT - 2} textAnchor="end">
            labeled by the machine
          </text>
          <line
            className="clary-Certificate-limit"
            x1={LEFT}
            x2={LEFT + inner}
            y1={sy(epsilon)}
            y2={sy(epsilon)}
          />
          <text x={LEFT + 6} y={sy(epsilon) - 5} className="clary-Certificate-limit-text">
            you allow {percent(epsilon)}
          </text>
          <path className="clary-Chart-line" d={line} />
          {reached && (
            <g>
              <line
                className="clary-Chart-cursor"
                x1={sx(reached.share)}
                x2={sx(reached.share)}
                y1={sy(reached.bound)}
                y2={TOP + tall}
              />
              <circle
                className="clary-Chart-mark"
                cx={sx(reached.share)}
                cy={sy(reached.bound)}
                r={5}
              />
            </g>
          )}
        </svg>
      )}
      <figcaption className="clary-Dim">
        Upper bound of the error (left) for every share that the machine might label. {said}
      </figcaption>
    </figure>
  );
}
