import * as React from 'react';

import { useClary } from '../components/context';
import { Card } from '../components/parts';
import { answerWords } from '../pure/labeling';
import { Answer, IDoubtful, IResults } from './shapes';

const SIZE = 320;

/** The objects whose labels are the least certain, with what was said of them. */
export function Doubtful(props: { job: string; results: IResults }): JSX.Element | null {
  const { doubtful } = props.results;
  if (doubtful.length === 0) {
    return null;
  }
  return (
    <Card title="Doubtful objects" wide>
      <ul className="clary-Gallery">
        {doubtful.map(one => (
          <li key={one.id}>
            <Thing job={props.job} thing={one} />
            <div className="clary-Gallery-why">
              {one.why}
              {one.confidence !== null && (
                <span className="clary-Dim"> confidence {one.confidence.toFixed(2)}</span>
              )}
            </div>
            <ul className="clary-Votes">
              {one.votes.map((vote, i) => (
                <li key={i}>
                  <span>{vote.worker}</span> <strong>{answerWords(vote.answer)}</strong>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Thing(props: { job: string; thing: IDoubtful }): JSX.Element {
  const { id, source, votes } = props.thing;
  const clary = useClary();
  if (source.kind === 'text') {
    return <blockquote className="clary-Gallery-text">{source.text}</blockquote>;
  }
  const { width, height } = source;
  return (
    <div className="clary-Gallery-image">
      <img
        src={clary.api.imageUrl(props.job, id, SIZE)}
        alt={source.name ?? `Object ${id}`}
        loading="lazy"
      />
      {width !== undefined && height !== undefined && (
        <svg
          viewBox={`0 0 ${width} ${height}`}
          aria-hidden="true"
          preserveAspectRatio="xMidYMid meet"
        >
          {votes.flatMap((vote, i) =>
            boxesOf(vote.answer).map((box, j) => (
              <rect
                key={`${i}-${j}`}
                className={`clary-series-${i % 8}`}
                x={box.left}
                y={box.top}
                width={box.width}
                height={box.height}
              />
            ))
          )}
        </svg>
      )}
    </div>
  );
}

interface IBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

function boxesOf(answer: Answer): IBox[] {
  return Array.isArray(answer.boxes) ? (answer.boxes as IBox[]) : [];
}
