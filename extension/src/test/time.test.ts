import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clock, duration, relativeTime } from '../pure/time';

test('a relative time is told in its largest whole unit', () => {
  const now = 1_800_000_000;
  assert.equal(relativeTime(now - 10, now), 'just now');
  assert.equal(relativeTime(now + 10, now), 'just now');
  assert.equal(relativeTime(now - 50, now), '1 minute ago');
  assert.equal(relativeTime(now - 119, now), '1 minute ago');
  assert.equal(relativeTime(now - 7200, now), '2 hours ago');
  assert.equal(relativeTime(now - 86_400, now), 'yesterday');
  assert.equal(relativeTime(now - 40 * 86_400, now), 'last month');
});

test('a duration has two units at most', () => {
  assert.equal(duration(0.0123), '12 ms');
  assert.equal(duration(0.9999), '1.0 s');
  assert.equal(duration(4.25), '4.3 s');
  assert.equal(duration(59.96), '1 min 00 s');
  assert.equal(duration(245), '4 min 05 s');
  assert.equal(duration(7_620), '2 h 07 min');
  assert.equal(duration(3 * 86_400 + 4 * 3600), '3 d 4 h');
  assert.equal(duration(-1), '–');
  assert.equal(duration(NaN), '–');
});

test('a clock time has its date on another day', () => {
  const noon = new Date(2026, 10, 22, 12, 3, 9).getTime() / 1000;
  assert.equal(clock(noon, noon + 60), '12:03:09');
  assert.equal(clock(noon, noon + 86_400), '2026-11-22 12:03:09');
});
