/** Labeling in numbers and words, without a page. */

export interface ICounters {
  readonly TotalLabeled?: number;
  readonly HumanLabeled?: number;
  readonly MachineLabeled?: number;
  readonly FailedNonRetryableError?: number;
  readonly Unlabeled?: number;
}

export interface ICounted {
  readonly human: number;
  readonly machine: number;
  readonly failed: number;
  readonly left: number;
  readonly labeled: number;
  readonly total: number;
}

/** A job's counters with what follows from them. */
export function counted(counters: ICounters | undefined): ICounted {
  const machine = counters?.MachineLabeled ?? 0;
  const labeled = counters?.TotalLabeled ?? 0;
  const failed = counters?.FailedNonRetryableError ?? 0;
  const left = counters?.Unlabeled ?? 0;
  const total = labeled + failed + left;
  return { human: labeled - machine, machine, failed, left, labeled, total };
}

const whole = (n: number): string => Math.round(n).toLocaleString('en');

/** "120 of 500": what stands in the panel; empty before the objects were counted. */
export function progressWords(counters: ICounters | undefined): string {
  const { labeled, total } = counted(counters);
  return total === 0 ? '' : `${whole(labeled)} of ${whole(total)}`;
}

/** The whole sentence: "120 of 500 labeled: 80 by people, 40 by the machine; 2 could not be". */
export function progressStory(counters: ICounters | undefined): string {
  const { human, machine, failed, labeled, total } = counted(counters);
  if (total === 0) {
    return 'The objects are not counted yet.';
  }
  const who = machine === 0 ? '' : `: ${whole(human)} by people, ${whole(machine)} by the machine`;
  const bad = failed === 0 ? '' : `; ${whole(failed)} could not be labeled`;
  return `${whole(labeled)} of ${whole(total)} labeled${who}${bad}`;
}

/** A share as a percentage of about three digits: "4.98 %", "0.4 %", "23 %". */
export function percent(share: number): string {
  const value = share * 100;
  const digits = value === 0 || value >= 99.95 ? 0 : value >= 10 ? 1 : 2;
  return `${Number(value.toFixed(digits))} %`;
}

/** "0.82 (0.77 to 0.86)"; a dash where nothing could be measured. */
export function interval(
  value: number | null | undefined,
  low: number | null | undefined,
  high: number | null | undefined
): string {
  const known = (n: number | null | undefined): n is number => typeof n === 'number';
  if (!known(value)) {
    return '–';
  }
  const range = known(low) && known(high) ? ` (${low.toFixed(2)} to ${high.toFixed(2)})` : '';
  return `${value.toFixed(2)}${range}`;
}

/** "40 s", "3 min", "2 h 5 min", "3 days": about how long something takes. */
export function about(seconds: number): string {
  if (seconds < 90) {
    return `${Math.max(1, Math.round(seconds))} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) {
    return `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** Names with how often they are there, the most frequent first: "2 car, 1 dog". */
function tally(names: readonly string[]): string {
  const counts = new Map<string, number>();
  names.forEach(name => counts.set(name, (counts.get(name) ?? 0) + 1));
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name, n]) => `${n} ${name}`)
    .join(', ');
}

type Answer = Readonly<Record<string, unknown>>;
interface INamed {
  readonly label?: string;
}

/** An answer of any task type in a few words. */
export function answerWords(answer: Answer | null | undefined): string {
  if (answer === null || answer === undefined) {
    return 'no answer';
  }
  if (typeof answer.label === 'string') {
    return typeof answer.comment === 'string' && answer.comment !== ''
      ? `${answer.label}: ${answer.comment}`
      : answer.label;
  }
  if (Array.isArray(answer.labels)) {
    return answer.labels.length === 0 ? 'none of them' : answer.labels.join(', ');
  }
  for (const [key, nothing] of [
    ['boxes', 'no boxes'],
    ['entities', 'no entities']
  ]) {
    const marks = answer[key];
    if (Array.isArray(marks)) {
      return marks.length === 0 ? nothing : tally(marks.map(one => (one as INamed).label ?? '?'));
    }
  }
  return Array.isArray(answer.runs) ? 'a mask' : 'an answer';
}

/** What the form of a new labeling job asks for. */
export interface IWish {
  /** A folder, file or address. */
  readonly data: string;
  readonly task: string;
  /** One label a line. */
  readonly labels: string;
  readonly instructions: string;
  readonly workers: string;
  /** The error that may remain, in percent; empty: no automatic labels. */
  readonly error: string;
}

/** The labels of a form: a line each, without empty ones. */
export function labelsOf(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
}

/** Task types that have automatic labels. */
const AUTOMATIC = ['', 'image-classification', 'text-classification', 'bounding-box'];

/** What is wrong in the form, by field. */
export function wishProblems(wish: IWish): Partial<Record<keyof IWish, string>> {
  const found: Partial<Record<keyof IWish, string>> = {};
  if (wish.data.trim() === '') {
    found.data = 'What is to be labeled? A folder of images, a CSV, a manifest.';
  }
  const labels = labelsOf(wish.labels);
  const draws = ['bounding-box', 'semantic-segmentation', 'named-entity-recognition'];
  const least = draws.includes(wish.task) ? 1 : 2;
  if (labels.length < least) {
    found.labels =
      least === 1 ? 'At least one label, a line each.' : 'At least two labels, a line each.';
  } else if (new Set(labels).size < labels.length) {
    found.labels = 'Every label once.';
  }
  if (!/^[1-9]$/.test(wish.workers.trim())) {
    found.workers = 'From 1 to 9 people.';
  }
  const error = wish.error.trim();
  if (error !== '') {
    const value = Number(error.replace(/%$/, '').replace(',', '.'));
    if (!(value > 0 && value < 100)) {
      found.error = 'A percentage such as 5, or nothing.';
    } else if (!AUTOMATIC.includes(wish.task)) {
      found.error = 'Only classifications with one label and boxes have automatic labels.';
    }
  }
  return found;
}

/** The cell that does what the form says. JSON's strings are Python's, too. */
export function wishCell(wish: IWish): string {
  const quoted = (text: string) => JSON.stringify(text);
  const lines = [
    `    ${quoted(wish.data.trim())},`,
    `    labels=[${labelsOf(wish.labels).map(quoted).join(', ')}],`
  ];
  if (wish.task !== '') {
    lines.push(`    task=${quoted(wish.task)},`);
  }
  if (wish.instructions.trim() !== '') {
    lines.push(`    instructions=${quoted(wish.instructions.trim())},`);
  }
  if (wish.workers.trim() !== '1') {
    lines.push(`    workers=${Number(wish.workers)},`);
  }
  const error = wish.error.trim().replace(/%$/, '').replace(',', '.');
  if (error !== '') {
    lines.push(`    epsilon=${Number((Number(error) / 100).toPrecision(6))},`);
  }
  return `import clary\n\njob = clary.label(\n${lines.join('\n')}\n)\njob`;
}
