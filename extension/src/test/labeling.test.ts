import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  about,
  answerWords,
  counted,
  interval,
  IWish,
  percent,
  progressStory,
  progressWords,
  wishCell,
  wishProblems
} from '../pure/labeling';

const COUNTERS = {
  TotalLabeled: 1200,
  HumanLabeled: 800,
  MachineLabeled: 400,
  FailedNonRetryableError: 2,
  Unlabeled: 298
};

test('counters tell who has labeled how much of what', () => {
  assert.deepEqual(counted(COUNTERS), {
    human: 800,
    machine: 400,
    failed: 2,
    left: 298,
    labeled: 1200,
    total: 1500
  });
  assert.equal(progressWords(COUNTERS), '1,200 of 1,500');
  assert.equal(
    progressStory(COUNTERS),
    '1,200 of 1,500 labeled: 800 by people, 400 by the machine; 2 could not be labeled'
  );
  assert.equal(progressWords(undefined), '');
  assert.equal(progressStory({ TotalLabeled: 1, Unlabeled: 2 }), '1 of 3 labeled');
});

test('shares, intervals and times are short', () => {
  assert.deepEqual([0, 0.004, 0.0498, 0.234, 0.9999, 1].map(percent), [
    '0 %',
    '0.4 %',
    '4.98 %',
    '23.4 %',
    '100 %',
    '100 %'
  ]);
  assert.equal(interval(0.8234, 0.77, 0.8666), '0.82 (0.77 to 0.87)');
  assert.equal(interval(1, null, null), '1.00');
  assert.equal(interval(null, 0, 1), '–');
  assert.deepEqual([0.2, 40, 200, 7500, 260_000].map(about), [
    '1 s',
    '40 s',
    '3 min',
    '2 h 5 min',
    '3 days'
  ]);
});

test('answers of every task type are told in words', () => {
  assert.equal(answerWords({ label: 'cat' }), 'cat');
  assert.equal(answerWords({ label: 'bad', comment: 'too wide' }), 'bad: too wide');
  assert.equal(answerWords({ labels: [] }), 'none of them');
  assert.equal(answerWords({ labels: ['a', 'b'] }), 'a, b');
  const boxes = [{ label: 'dog' }, { label: 'car' }, { label: 'car' }];
  assert.equal(answerWords({ boxes }), '2 car, 1 dog');
  assert.equal(answerWords({ entities: [] }), 'no entities');
  assert.equal(answerWords({ width: 1, height: 1, runs: [[0, 1]] }), 'a mask');
  assert.equal(answerWords(null), 'no answer');
});

const WISH: IWish = {
  data: 'photos/',
  task: 'image-classification',
  labels: 'cat\n\n "dog" \n',
  instructions: 'Which\nanimal?',
  workers: '3',
  error: '2,5 %'
};

test('the form of a new job becomes a cell', () => {
  assert.deepEqual(wishProblems(WISH), {});
  assert.equal(
    wishCell(WISH),
    [
      'import clary',
      '',
      'job = clary.label(',
      '    "photos/",',
      '    labels=["cat", "\\"dog\\""],',
      '    task="image-classification",',
      '    instructions="Which\\nanimal?",',
      '    workers=3,',
      '    epsilon=0.025,',
      ')',
      'job'
    ].join('\n')
  );
  const plain = { ...WISH, task: '', instructions: '', workers: '1', error: '' };
  assert.equal(
    wishCell(plain),
    'import clary\n\njob = clary.label(\n    "photos/",\n    labels=["cat", "\\"dog\\""],\n)\njob'
  );
});

test('what is wrong in the form is told by field', () => {
  const wrong = (change: Partial<IWish>) => Object.keys(wishProblems({ ...WISH, ...change }));
  assert.deepEqual(wrong({ data: ' ' }), ['data']);
  assert.deepEqual(wrong({ labels: 'cat' }), ['labels']);
  assert.deepEqual(wrong({ labels: 'cat\ncat' }), ['labels']);
  assert.deepEqual(wrong({ labels: 'cat', task: 'bounding-box' }), []);
  assert.deepEqual(wrong({ workers: '10' }), ['workers']);
  assert.deepEqual(wrong({ error: '0' }), ['error']);
  assert.deepEqual(wrong({ error: 'some' }), ['error']);
  assert.deepEqual(wrong({ task: 'named-entity-recognition' }), ['error']);
});
