/** The arithmetic of a line chart, without a page. */

export interface IPoint {
  readonly x: number;
  readonly y: number;
}

export interface ISeries {
  readonly name: string;
  readonly points: readonly IPoint[];
}

/**
 * Round numbers that cover [low, high] in about `count` steps of 1, 2, 2.5 or 5 times a power of
 * ten (after Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990).
 */
export function ticks(low: number, high: number, count = 5): number[] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    return [];
  }
  const span = high - low || Math.abs(high) || 1;
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(m => m * power).find(s => s >= raw * 0.999) ?? raw;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const digits = Math.max(0, 1 - Math.floor(Math.log10(step)));
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toFixed(digits))
  );
}

/** At most `count` + 1 ticks for an axis of seconds, 0 among them: whole seconds, minutes, hours or days. */
export function timeTicks(high: number, count = 5): number[] {
  const steps = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
    172800, 432000, 864000
  ];
  if (!(high > 1)) {
    return ticks(0, Math.max(high, 0), count);
  }
  const step = steps.find(s => high / s <= count) ?? Math.ceil(high / count / 864000) * 864000;
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, i) => i * step);
}

const UNITS = [
  [86400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's']
] as const;

/** "0", "90 s", "20 min", "6 h": a tick of a time axis whose ticks are `step` seconds apart; all in one unit. */
export function timeLabel(seconds: number, step: number): string {
  const [size, unit] = UNITS.find(([size]) => step >= size) ?? [1, 's'];
  return seconds === 0 ? '0' : `${Number((seconds / size).toFixed(2))} ${unit}`;
}

/** A number with at most four significant digits: 0.0312, 97.12, 1.2e+6, 12,345. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
    return value.toExponential(2).replace(/\.?0+e/, 'e');
  }
  return size >= 1e4
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(4)));
}

/** Bytes as "12.3 MB" (decimal units). */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = count;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** The extent of all points, with the y axis widened a little; null where there is none. */
export function extent(
  series: readonly ISeries[],
  zero = false
): { x: [number, number]; y: [number, number] } | null {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { points } of series) {
    for (const { x, y } of points) {
      if (Number.isFinite(y)) {
        [x0, x1] = [Math.min(x0, x), Math.max(x1, x)];
        [y0, y1] = [Math.min(y0, y), Math.max(y1, y)];
      }
    }
  }
  if (x0 > x1) {
    return null;
  }
  y0 = zero ? Math.min(0, y0) : y0;
  const pad = (y1 - y0) * 0.06 || Math.abs(y1) * 0.1 || 1;
  return { x: [x0, x1], y: [zero && y0 === 0 ? 0 : y0 - pad, y1 + pad] };
}

/** At most about `limit` points that keep every peak: each bucket's lowest and highest. */
export function thin(points: readonly IPoint[], limit: number): readonly IPoint[] {
  if (points.length <= limit) {
    return points;
  }
  const buckets = Math.max(1, Math.floor(limit / 2));
  const size = points.length / buckets;
  const kept: IPoint[] = [];
  for (let b = 0; b < buckets; b++) {
    const slice = points.slice(Math.floor(b * size), Math.floor((b + 1) * size));
    let [low, high] = [slice[0], slice[0]];
    for (const point of slice) {
      low = point.y < low.y ? point : low;
      high = point.y > high.y ? point : high;
    }
    kept.push(...(low === high ? [low] : low.x < high.x ? [low, high] : [high, low]));
  }
  return kept;
}

/** SVG path data through the points; a value that is no number leaves a gap. */
export function path(
  points: readonly IPoint[],
  sx: (x: number) => number,
  sy: (y: number) => number
): string {
  let pen = 'M';
  let data = '';
  for (const { x, y } of points) {
    if (!Number.isFinite(y)) {
      pen = 'M';
      continue;
    }
    data += `${pen}${sx(x).toFixed(1)},${sy(y).toFixed(1)}`;
    pen = 'L';
  }
  return data;
}

/** The point whose x is nearest (binary search; points are sorted by x). */
export function nearest(points: readonly IPoint[], x: number): IPoint | null {
  if (points.length === 0) {
    return null;
  }
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x < x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const before = points[Math.max(0, low - 1)];
  return Math.abs(before.x - x) <= Math.abs(points[low].x - x) ? before : points[low];
}

const SPLITS = /^(train(?:ing)?|val(?:id(?:ation)?)?|test|eval|dev)[:/_\-. ]+(.+)$/i;
const TRAILING = /^(.+?)[:/_\-. ]+(train(?:ing)?|val(?:id(?:ation)?)?|test|eval|dev)$/i;

/** What a metric measures, without the split it is measured on: "validation:loss" -> "loss". */
export function quantity(metric: string): string {
  return SPLITS.exec(metric)?.[2] ?? TRAILING.exec(metric)?.[1] ?? metric;
}

/** Series that measure the same quantity share one chart; order of first appearance is kept. */
export function grouped(series: readonly ISeries[]): Map<string, ISeries[]> {
  const groups = new Map<string, ISeries[]>();
  for (const one of series) {
    const key = quantity(one.name);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}

export interface ISample {
  readonly name: string;
  readonly value: number;
  readonly time: number;
}

/** Metric samples as one series per name, x in seconds since `start`. */
export function seriesOf(samples: readonly ISample[], start: number): ISeries[] {
  const byName = new Map<string, IPoint[]>();
  for (const { name, value, time } of samples) {
    const points = byName.get(name) ?? [];
    points.push({ x: time - start, y: value });
    byName.set(name, points);
  }
  return [...byName].map(([name, points]) => ({
    name,
    points: points.sort((a, b) => a.x - b.x)
  }));
}
