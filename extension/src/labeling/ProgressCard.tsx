import * as React from 'react';

import { LineChart } from '../components/LineChart';
import { Card } from '../components/parts';
import { about, counted, percent, progressStory } from '../pure/labeling';
import { finished } from '../pure/status';
import { ILabelingJob, IProgress, IResults } from './shapes';

/** How far the job is: who has labeled what, how fast it goes, and since when. */
export function ProgressCard(props: {
  job: ILabelingJob;
  mine: IProgress | null;
  results: IResults | null;
}): JSX.Element {
  const { job, mine, results } = props;
  const { human, machine, failed, labeled, total } = counted(job.LabelCounters);
  const history = results?.progress ?? [];
  const start = history[0]?.time ?? job.CreationTime;
  const points = history.map(one => ({ x: one.time - start, y: one.labeled }));
  const parts = [
    { name: 'human', count: human },
    { name: 'machine', count: machine },
    { name: 'failed', count: failed }
  ];
  return (
    <Card title="Progress" wide>
      <div
        role="progressbar"
        aria-label="Labeled objects"
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={labeled}
        aria-valuetext={progressStory(job.LabelCounters)}
        className="clary-Labeled"
      >
        {total > 0 &&
          parts.map(({ name, count }) => (
            <div
              key={name}
              className={`clary-Labeled-part clary-mod-${name}`}
              style={{ width: percent(count / total).replace(' ', '') }}
            />
          ))}
      </div>
      <p className="clary-Labeled-story">
        <strong>{progressStory(job.LabelCounters)}</strong>
        {!finished(job.LabelingJobStatus) && mine !== null && <Mine mine={mine} />}
      </p>
      {points.length > 2 && (
        <LineChart
          title="Objects with an answer"
          series={[{ name: 'Objects with an answer', points }]}
          height={110}
          zero
          area
          format={value => Math.round(value).toLocaleString('en')}
        />
      )}
    </Card>
  );
}

/** What there is to do for whoever looks at the page. */
function Mine(props: { mine: IProgress }): JSX.Element {
  const { left, waiting, items_per_hour: speed, seconds_left: rest } = props.mine;
  const words = [
    waiting ?? (left === 0 ? 'Nothing is left for you.' : `${left.toLocaleString('en')} for you.`),
    ...(speed ? [`You label ${Math.round(speed).toLocaleString('en')} an hour.`] : []),
    ...(rest && left > 0 ? [`About ${about(rest)} to go.`] : [])
  ];
  return <span className="clary-Dim">{words.join(' ')}</span>;
}
