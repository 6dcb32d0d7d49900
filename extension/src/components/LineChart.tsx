import * as React from 'react';

import * as chart from '../pure/chart';
import { duration } from '../pure/time';
import { useWidth } from './hooks';

const LEFT = 52;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 22;
/** Half of what "120 min" takes. */
const HALF_LABEL = 24;

export interface ILineChartProps {
  title: string;
  series: readonly chart.ISeries[];
  height?: number;
  /** Begin the y axis at zero. */
  zero?: boolean;
  format?: (value: number) => string;
  /** Fill below the line. */
  area?: boolean;
}

/** Lines over seconds since the start: ticks, legend, crosshair, and the same data as a table. */
export function LineChart(props: ILineChartProps): JSX.Element | null {
  const { title, series, height = 170, format = chart.short } = props;
  const [ref, width] = useWidth();
  const [hidden, setHidden] = React.useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = React.useState<number | null>(null);
  const shown = series.filter(one => !hidden.has(one.name));
  const box = chart.extent(shown.length > 0 ? shown : series, props.zero);
  if (box === null) {
    return null;
  }
  const span = box.x[1] - Math.min(0, box.x[0]) || 1;
  const left = Math.min(0, box.x[0]);
  const inner = Math.max(10, width - LEFT - RIGHT);
  const tall = height - TOP - BOTTOM;
  const sx = (x: number) => LEFT + ((x - left) / span) * inner;
  const times = chart.timeTicks(left + span, Math.min(5, Math.max(2, Math.floor(inner / 70))));
  const sy = (y: number) => TOP + (1 - (y - box.y[0]) / (box.y[1] - box.y[0])) * tall;
  const colour = (name: string) => series.findIndex(one => one.name === name) % 8;
  const last = (one: chart.ISeries) => one.points[one.points.length - 1];
  const marks =
    cursor === null
      ? []
      : shown.flatMap(one => {
          const point = chart.nearest(one.points, cursor);
          return point === null ? [] : [{ name: one.name, point }];
        });

  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) {
      next.add(name);
    }
    setHidden(next);
  };
  const move = (event: React.PointerEvent) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    setCursor(left + ((x - LEFT) / inner) * span);
  };
  const summary = series
    .filter(one => one.points.length > 0)
    .map(one => `${one.name}: ${one.points.length} points, last ${format(last(one).y)}`)
    .join('; ');

  return (
    <figure className="clary-Chart" ref={ref}>
      <figcaption>
        <span className="clary-Chart-title">{title}</span>
        {series.map(one => (
          <button
            key={one.name}
            type="button"
            className={`clary-Legend clary-series-${colour(one.name)}`}
            aria-pressed={!hidden.has(one.name)}
            title={hidden.has(one.name) ? `Show ${one.name}` : `Hide ${one.name}`}
            onClick={() => toggle(one.name)}
          >
            <span className="clary-Legend-swatch" aria-hidden="true" />
            {one.name !== title && <span className="clary-Legend-name">{one.name}</span>}
            {one.points.length > 0 && <strong>{format(last(one).y)}</strong>}
          </button>
        ))}
      </figcaption>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${title}. ${summary}`}
          onPointerMove={move}
          onPointerLeave={() => setCursor(null)}
        >
          {chart.ticks(box.y[0], box.y[1], Math.max(2, Math.floor(tall / 34))).map(y => (
            <g key={y} className="clary-Chart-tick">
              <line x1={LEFT} x2={width - RIGHT} y1={sy(y)} y2={sy(y)} />
              <text x={LEFT - 6} y={sy(y) + 4} textAnchor="end">
                {format(y)}
              </text>
            </g>
          ))}
          {times.map(x => {
            // In the middle of its place, or, where it would be cut, up to the edge.
            const cut = sx(x) > width - HALF_LABEL;
            return (
              <text
                key={x}
                className="clary-Chart-time"
                x={cut ? width : sx(x)}
                y={height - 6}
                textAnchor={cut ? 'end' : 'middle'}
              >
                {chart.timeLabel(x, times[1] ?? 0)}
              </text>
            );
          })}
          {shown.map(one => {
            const points = chart.thin(one.points, Math.max(200, inner * 2));
            const line = chart.path(points, sx, sy);
            return (
              <g key={one.name} className={`clary-series-${colour(one.name)}`}>
                {props.area && points.length > 1 && (
                  <path
                    className="clary-Chart-area"
                    d={`${line}L${sx(points[points.length - 1].x)},${TOP + tall}L${sx(points[0].x)},${TOP + tall}Z`}
                  />
                )}
                <path className="clary-Chart-line" d={line} />
                {points.length > 0 &&
                  points.length <= 40 &&
                  points.map(({ x, y }) => <circle key={x} cx={sx(x)} cy={sy(y)} r={2.2} />)}
              </g>
            );
          })}
          {marks.length > 0 && (
            <line
              className="clary-Chart-cursor"
              x1={sx(marks[0].point.x)}
              x2={sx(marks[0].point.x)}
              y1={TOP}
              y2={TOP + tall}
            />
          )}
          {marks.map(({ name, point }) => (
            <g key={name} className={`clary-series-${colour(name)}`}>
              <circle className="clary-Chart-mark" cx={sx(point.x)} cy={sy(point.y)} r={4} />
            </g>
          ))}
        </svg>
      )}
      {marks.length > 0 && (
        <div
          className="clary-Chart-tip"
          style={
            sx(marks[0].point.x) > width / 2
              ? { right: width - sx(marks[0].point.x) + 10 }
              : { left: sx(marks[0].point.x) + 10 }
          }
          aria-hidden="true"
        >
          <div>{duration(Math.max(0, marks[0].point.x))}</div>
          {marks.map(({ name, point }) => (
            <div key={name} className={`clary-series-${colour(name)}`}>
              <span className="clary-Legend-swatch" />
              {name} <strong>{format(point.y)}</strong>
            </div>
          ))}
        </div>
      )}
    </figure>
  );
}
