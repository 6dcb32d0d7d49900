/** Log lines as a terminal would leave them. */

// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/**
 * What a terminal would show of one line: colour codes go, and a carriage return starts the line
 * over, so that of a progress bar's many states the last one stays.
 */
export function settle(line: string): string {
  const plain = line.includes('\u001b') ? line.replace(ESCAPES, '') : line;
  if (!plain.includes('\r')) {
    return plain;
  }
  const states = plain.split('\r').filter(part => part.trim() !== '');
  return states.length > 0 ? states[states.length - 1] : '';
}

export type Level = 'error' | 'warning' | 'plain';

/** How loud a line is, by the words that Python's tools use. */
export function level(line: string): Level {
  if (/\b(?:Traceback|ERROR|CRITICAL|FATAL|[A-Za-z]*(?:Error|Exception)):?/.test(line)) {
    return 'error';
  }
  return /\b(?:WARN|WARNING|[A-Za-z]*Warning)\b/.test(line) ? 'warning' : 'plain';
}

/** A line cut into rows of so many characters; a tab counts as the four spaces it becomes. */
export function wrapped(line: string, columns: number): string[] {
  const text = line.replaceAll('\t', '    ');
  if (text.length <= columns) {
    return [text];
  }
  const rows: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = from + columns;
    // Both halves of a character outside the basic plane stay in one row.
    if (/[\ud800-\udbff]/.test(text.charAt(to - 1))) {
      to++;
    }
    rows.push(text.slice(from, to));
    from = to;
  }
  return rows;
}

/** The slice of rows that a viewport shows, with some spare rows on both sides. */
export function visibleRows(
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  total: number,
  spare = 20
): { first: number; last: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const last = Math.min(total, Math.ceil((scrollTop + viewport) / rowHeight) + spare);
  return { first: Math.min(first, total), last: Math.max(last, 0) };
}
