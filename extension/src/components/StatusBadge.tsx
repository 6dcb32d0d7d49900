import * as React from 'react';

import { Tone, tone, words } from '../pure/status';

/** 16 x 16 glyphs: a tone is told by its shape as well as by its colour. */
const GLYPHS: Readonly<Record<Tone, JSX.Element>> = {
  busy: <path d="M8 2a6 6 0 1 0 6 6" className="clary-Glyph-stroke" />,
  good: <path d="M3 8.500l3.300 3.300L13 5" className="clary-Glyph-stroke" />,
  bad: <path d="M4 4l8 8M12 4l-8 8" className="clary-Glyph-stroke" />,
  warn: <path d="M8 2.500v7M8 12.500v1" className="clary-Glyph-stroke" />,
  idle: <rect x="4" y="4" width="8" height="8" rx="1" className="clary-Glyph-fill" />
};

/** The glyph of a tone; it turns while work goes on. */
export function Glyph(props: { tone: Tone }): JSX.Element {
  return (
    <svg className={`clary-Glyph clary-mod-${props.tone}`} viewBox="0 0 16 16" aria-hidden="true">
      {GLYPHS[props.tone]}
    </svg>
  );
}

/** A status as a badge: glyph, words, and colour on top. */
export function StatusBadge(props: { status: string; title?: string }): JSX.Element {
  const kind = tone(props.status);
  return (
    <span className={`clary-Badge clary-mod-${kind}`} title={props.title ?? words(props.status)}>
      <Glyph tone={kind} />
      <span>{words(props.status)}</span>
    </span>
  );
}
