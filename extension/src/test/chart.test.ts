import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as chart from '../pure/chart';

test('ticks are round numbers inside the range', () => {
  assert.deepEqual(chart.ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(chart.ticks(0.013, 0.047, 4), [0.02, 0.03, 0.04]);
  assert.deepEqual(chart.ticks(-3, 3, 3), [-2, 0, 2]);
  assert.deepEqual(chart.ticks(0, 2.3, 4), [0, 1, 2]);
  for (const y of chart.ticks(1234, 98_765, 5)) {
    assert.ok(y >= 1234 && y <= 98_765);
  }
});

test('ticks of an empty or endless range do not fail', () => {
  assert.ok(chart.ticks(5, 5).length >= 1);
  assert.ok(chart.ticks(0, 0).length >= 1);
  assert.deepEqual(chart.ticks(NaN, 1), []);
  assert.deepEqual(chart.ticks(0, Infinity), []);
});

test('a time axis has whole seconds, minutes, hours', () => {
  assert.deepEqual(chart.timeTicks(47, 5), [0, 10, 20, 30, 40]);
  assert.deepEqual(chart.timeTicks(600, 5), [0, 120, 240, 360, 480, 600].slice(0, 6));
  assert.ok(chart.timeTicks(1e7, 5).length <= 6);
  assert.ok(chart.timeTicks(0, 5).length >= 1);
  const axis = (high: number) => {
    const found = chart.timeTicks(high, 5);
    return found.map(x => chart.timeLabel(x, found[1])).join(', ');
  };
  assert.equal(axis(110), '0, 30 s, 60 s, 90 s');
  assert.equal(axis(130), '0, 30 s, 60 s, 90 s, 120 s');
  assert.equal(axis(4500), '0, 15 min, 30 min, 45 min, 60 min, 75 min');
  assert.equal(axis(30_000), '0, 2 h, 4 h, 6 h, 8 h');
  assert.equal(axis(400_000), '0, 1 d, 2 d, 3 d, 4 d');
  assert.equal(axis(0.5), '0, 0.1 s, 0.2 s, 0.3 s, 0.4 s, 0.5 s');
  for (let high = 0.01; high < 1e8; high *= 1.07) {
    assert.ok(chart.timeTicks(high, 5).length <= 6, String(high));
    assert.doesNotMatch(high > 5 ? axis(high) : '', /\./);
  }
});

test('numbers are short', () => {
  assert.equal(chart.short(0), '0');
  assert.equal(chart.short(0.031249), '0.03125');
  assert.equal(chart.short(97.123456), '97.12');
  assert.equal(chart.short(12345.6), '12,346');
  assert.equal(chart.short(1.5e9), '1.5e+9');
  assert.equal(chart.short(3e-7), '3e-7');
  assert.equal(chart.bytes(1_536_000), '1.5 MB');
  assert.equal(chart.bytes(999), '999 B');
  assert.equal(chart.bytes(123_456_789), '123 MB');
});

test('the extent leaves out what is no number', () => {
  const series = [
    {
      name: 'a',
      points: [
        { x: 0, y: 1 },
        { x: 1, y: NaN },
        { x: 2, y: 3 }
      ]
    }
  ];
  const box = chart.extent(series);
  assert.deepEqual(box?.x, [0, 2]);
  assert.ok(box !== null && box.y[0] < 1 && box.y[0] > 0.5 && box.y[1] > 3);
  assert.equal(chart.extent(series, true)?.y[0], 0);
  assert.equal(chart.extent([{ name: 'a', points: [] }]), null);
  const flat = chart.extent([{ name: 'a', points: [{ x: 0, y: 5 }] }]);
  assert.ok(flat !== null && flat.y[0] < 5 && flat.y[1] > 5);
});

test('thinning keeps the peaks', () => {
  const points = Array.from({ length: 10_000 }, (_, x) => ({
    x,
    y: x === 4321 ? 100 : Math.sin(x)
  }));
  const kept = chart.thin(points, 400);
  assert.ok(kept.length <= 400);
  assert.ok(kept.some(point => point.y === 100));
  assert.ok(kept.every((point, i) => i === 0 || point.x > kept[i - 1].x));
  assert.equal(chart.thin(points.slice(0, 10), 400).length, 10);
});

test('a path has a gap where a value is missing', () => {
  const same = (n: number) => n;
  const points = [
    { x: 0, y: 1 },
    { x: 1, y: NaN },
    { x: 2, y: 3 },
    { x: 3, y: 4 }
  ];
  assert.equal(chart.path(points, same, same), 'M0.0,1.0M2.0,3.0L3.0,4.0');
  assert.equal(chart.path([], same, same), '');
});

test('the nearest point is found', () => {
  const points = [0, 1, 4, 9].map(x => ({ x, y: x }));
  assert.equal(chart.nearest(points, 3)?.x, 4);
  assert.equal(chart.nearest(points, -5)?.x, 0);
  assert.equal(chart.nearest(points, 50)?.x, 9);
  assert.equal(chart.nearest([], 1), null);
});

test('metrics of one quantity share a chart', () => {
  assert.equal(chart.quantity('validation:loss'), 'loss');
  assert.equal(chart.quantity('train_loss'), 'loss');
  assert.equal(chart.quantity('accuracy/test'), 'accuracy');
  assert.equal(chart.quantity('training speed'), 'speed');
  assert.equal(chart.quantity('f1'), 'f1');
  const groups = chart.grouped(
    ['train:loss', 'f1', 'val:loss'].map(name => ({ name, points: [] }))
  );
  assert.deepEqual([...groups.keys()], ['loss', 'f1']);
  assert.deepEqual(
    groups.get('loss')?.map(one => one.name),
    ['train:loss', 'val:loss']
  );
});

test('samples become series in seconds since the start', () => {
  const series = chart.seriesOf(
    [
      { name: 'loss', value: 2, time: 103 },
      { name: 'loss', value: 3, time: 101 },
      { name: 'f1', value: 0.5, time: 102 }
    ],
    100
  );
  assert.deepEqual(series, [
    {
      name: 'loss',
      points: [
        { x: 1, y: 3 },
        { x: 3, y: 2 }
      ]
    },
    { name: 'f1', points: [{ x: 2, y: 0.5 }] }
  ]);
});
