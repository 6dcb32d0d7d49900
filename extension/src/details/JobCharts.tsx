import * as React from 'react';

import { LineChart } from '../components/LineChart';
import { Card } from '../components/parts';
import { bytes, grouped, ISeries, seriesOf, short } from '../pure/chart';
import { finished } from '../pure/status';
import { IJobMetrics, ITrainingJob } from '../shapes';

/** A job's metrics, and beside them what it used of the machine. */
export function JobCharts(props: { job: ITrainingJob; samples: IJobMetrics | null }): JSX.Element {
  const { job, samples } = props;
  const times = [...(samples?.metrics ?? []), ...(samples?.resources ?? [])].map(one => one.time);
  const start = Math.min(
    job.TrainingStartTime ?? Infinity,
    ...times,
    job.TrainingStartTime ? Infinity : job.CreationTime
  );
  const metrics = grouped(seriesOf(samples?.metrics ?? [], start));
  const defined = job.AlgorithmSpecification?.MetricDefinitions ?? [];
  const over = finished(job.TrainingJobStatus);
  // No chart will come: the card need not keep its room.
  const bare = samples !== null && metrics.size === 0 && (over || defined.length === 0);
  return (
    <div className={`clary-Overview${bare ? ' clary-mod-bare' : ''}`}>
      <Card title="Metrics" wide>
        {metrics.size > 0 ? (
          <div className="clary-Charts">
            {[...metrics].map(([title, series]) => (
              <LineChart key={title} title={title} series={series} height={222} />
            ))}
          </div>
        ) : (
          <p className="clary-Note">
            {defined.length > 0
              ? `No line of the log matched ${defined.map(one => one.Name).join(', ')}${over ? '' : ' so far'}.`
              : 'This job defines no metrics. Give MetricDefinitions (a name and a regular expression) to see them as charts.'}
          </p>
        )}
      </Card>
      <Resources samples={samples} start={start} />
    </div>
  );
}

/** What a job used of the machine. `start`: where its time begins, epoch seconds. */
export function Resources(props: {
  samples: Pick<IJobMetrics, 'resources'> | null;
  start: number;
}): JSX.Element | null {
  const rows = props.samples?.resources ?? [];
  if (rows.length === 0) {
    return null;
  }
  const series = (
    name: string,
    pick: (row: IJobMetrics['resources'][number]) => number | null | undefined
  ) => {
    const points = rows.flatMap(row => {
      const y = pick(row);
      return y === null || y === undefined ? [] : [{ x: row.time - props.start, y }];
    });
    return { name, points } as ISeries;
  };
  const percent = (value: number) => `${short(Math.round(value * 10) / 10)} %`;
  const memory = (value: number) => bytes(value * 1e6);
  const all = [
    { one: series('CPU', row => row.cpu_percent), format: percent },
    { one: series('Memory', row => row.rss_mb), format: memory },
    { one: series('GPU', row => row.gpu_percent), format: percent },
    { one: series('GPU memory', row => row.gpu_mb), format: memory }
  ].filter(({ one }) => one.points.length > 0);
  return (
    <Card title="Resources" wide>
      <div className="clary-Charts">
        {all.map(({ one, format }) => (
          <LineChart
            key={one.name}
            title={one.name}
            series={[one]}
            height={100}
            zero
            area
            format={format}
          />
        ))}
      </div>
    </Card>
  );
}
