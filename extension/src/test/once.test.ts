import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Coalescer } from '../pure/once';

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

test('a burst of requests costs two calls, and the last one is answered', async () => {
  let calls = 0;
  const once = new Coalescer(async () => void (calls += 1), 20);
  for (let i = 0; i < 50; i++) {
    once.request();
  }
  assert.equal(calls, 1);
  await sleep(60);
  assert.equal(calls, 2);
});

test('calls do not overlap', async () => {
  let [now, most] = [0, 0];
  const once = new Coalescer(async () => {
    most = Math.max(most, ++now);
    await sleep(15);
    now -= 1;
  }, 1);
  for (let i = 0; i < 10; i++) {
    once.request();
    await sleep(4);
  }
  await sleep(80);
  once.stop();
  assert.equal(most, 1);
});

test('after a burst there is one more call, and then quiet', async () => {
  let calls = 0;
  const once = new Coalescer(async () => void (calls += 1), 5, 40);
  once.request();
  await sleep(25);
  once.request();
  await sleep(25);
  assert.equal(calls, 2);
  await sleep(120);
  assert.equal(calls, 3);
});

test('slow work is done less often', async () => {
  let calls = 0;
  const once = new Coalescer(async () => {
    calls += 1;
    await sleep(40);
  }, 1);
  const timer = setInterval(() => once.request(), 5);
  once.request();
  await sleep(230);
  clearInterval(timer);
  once.stop();
  assert.ok(calls <= 3, String(calls));
});

test('a call that fails does not end the calls', async context => {
  context.mock.method(console, 'error', () => undefined);
  let calls = 0;
  const once = new Coalescer(async () => {
    calls += 1;
    throw new Error('no');
  }, 5);
  once.request();
  await sleep(20);
  once.request();
  await sleep(20);
  assert.equal(calls, 2);
});

test('nothing is called after stop', async () => {
  let calls = 0;
  const once = new Coalescer(async () => void (calls += 1), 5, 10);
  once.request();
  once.request();
  once.stop();
  await sleep(40);
  assert.equal(calls, 1);
});
