import assert from 'node:assert/strict';
import { test } from 'node:test';

import { deploymentProblems } from '../pure/deployment';
import { ApiError, ConnectionError, errorFrom, gist, story } from '../pure/errors';
import { level, settle, visibleRows, wrapped } from '../pure/logtext';
import {
  boto3Line,
  derivedName,
  filterable,
  lastPart,
  nameProblem,
  parentOf,
  stamp
} from '../pure/names';
import { report } from '../pure/report';
import { failedPhase, finished, phases, progressOf, stoppable, tone, words } from '../pure/status';
import { changedVariants, shares } from '../pure/variants';

test('names follow the rules of the API', () => {
  assert.equal(nameProblem('digits-2026'), null);
  for (const bad of ['', '-a', 'a-', 'a_b', 'ä', 'a b', 'x'.repeat(64), '../a']) {
    assert.notEqual(nameProblem(bad), null, bad);
  }
  assert.ok(filterable(''));
  assert.ok(filterable('dig-'));
  assert.ok(!filterable('a b'));
});

test('a derived name fits and does not begin its suffix with two hyphens', () => {
  assert.equal(derivedName('digits', '-20261122'), 'digits-20261122');
  const long = derivedName(`${'x'.repeat(52)}-----------`, '-20261122');
  assert.equal(nameProblem(long), null);
  assert.match(stamp(new Date(2026, 10, 22, 9, 5, 7)), /^20261122-090507$/);
});

test('addresses have parents and last parts', () => {
  assert.equal(parentOf('s3://b/job/output/model.tar.gz'), 's3://b/job/output');
  assert.equal(parentOf('s3://b/folder/'), 's3://b');
  assert.equal(parentOf('s3://b'), 's3://b');
  assert.equal(parentOf('file:///data/a'), 'file:///data');
  assert.equal(lastPart('s3://b/code/sourcedir.tar.gz'), 'sourcedir.tar.gz');
});

test('the boto3 call is a line of Python', () => {
  assert.equal(
    boto3Line('training-job', 'digits'),
    'boto3.client("sagemaker").describe_training_job(TrainingJobName="digits")'
  );
  assert.equal(
    boto3Line('processing-job', 'digits'),
    'boto3.client("sagemaker").describe_processing_job(ProcessingJobName="digits")'
  );
});

test('statuses have tones and words', () => {
  assert.equal(tone('Failed'), 'bad');
  assert.equal(tone('InService'), 'good');
  assert.equal(tone('Training'), 'busy');
  assert.equal(words('InProgress'), 'In progress');
  assert.equal(words('Training'), 'Training');
  assert.ok(stoppable('InProgress') && !stoppable('Stopping'));
  assert.ok(finished('Stopped') && !finished('Stopping'));
});

test('transitions that only renew the message are one phase', () => {
  const told = phases([
    { Status: 'Downloading', StartTime: 1, EndTime: 2 },
    { Status: 'Training', StatusMessage: 'Executed 1 of 2 cells', StartTime: 2, EndTime: 5 },
    { Status: 'Training', StatusMessage: 'Executed 2 of 2 cells', StartTime: 5 }
  ]);
  assert.deepEqual(told, [
    { Status: 'Downloading', StartTime: 1, EndTime: 2 },
    { Status: 'Training', StatusMessage: 'Executed 2 of 2 cells', StartTime: 2 }
  ]);
  assert.deepEqual(phases([]), []);
});

test('progress is read from a message', () => {
  assert.deepEqual(progressOf('Cell 3 of 12'), { done: 3, total: 12 });
  assert.deepEqual(progressOf('12/12 cells'), { done: 12, total: 12 });
  assert.equal(progressOf('Training image download completed'), null);
  assert.equal(progressOf('5 of 3'), null);
  assert.equal(progressOf(undefined), null);
});

test('an error of the API is typed by its code', () => {
  const body = '{"__type":"ValidationException","Message":"Could not find training job \\"a\\"."}';
  const error = errorFrom('DescribeTrainingJob', 400, null, body);
  assert.equal(error.code, 'ValidationException');
  assert.equal(error.message, 'Could not find training job "a".');
  assert.ok(error.notFound);
  assert.equal(
    errorFrom('X', 400, 'a.b#ResourceNotFound:http://x', '{"message":"m"}').code,
    'ResourceNotFound'
  );
  assert.equal(errorFrom('X', 502, null, '<html>bad gateway</html>').code, 'HTTP 502');
  assert.equal(errorFrom('X', 502, null, '').message, 'HTTP status 502');
  assert.equal(errorFrom('X', 502, null, '<html>bad gateway</html>').message, 'HTTP status 502');
  assert.match(errorFrom('X', 404, null, '<html>').message, /extension clary.jupyter/);
  assert.ok(
    !errorFrom('X', 400, null, '{"__type":"ValidationException","Message":"wrong"}').notFound
  );
});

test('an error of a model shows what the model said', () => {
  const body =
    '{"Message":"Received server error","OriginalMessage":"ValueError: bad","OriginalStatusCode":500}';
  const error = errorFrom('InvokeEndpoint', 424, 'ModelError', body);
  assert.equal(error.message, 'ValueError: bad');
  assert.equal(story(error), 'InvokeEndpoint answered ModelError (HTTP 424)\n\nValueError: bad');
});

test('the whole story of any error can be told', () => {
  assert.match(
    story(new ConnectionError('ListModels', new Error('Failed to fetch'))),
    /Failed to fetch/
  );
  assert.equal(story('text'), 'text');
  const page = new ApiError(
    'ListModels',
    502,
    'HTTP 502',
    'bad gateway',
    '<html>bad gateway</html>'
  );
  assert.match(story(page), /HTTP 502.*\n\n<html>/);
});

test('the gist of a failure is what the script said', () => {
  const reason =
    'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "ValueError: bad \"labels\""\nCommand "python a.py", exit code: 1';
  assert.equal(gist(reason), 'ValueError: bad "labels"');
  assert.equal(gist('InternalServerError: lost\nmore'), 'InternalServerError: lost');
  assert.equal(gist(''), '');
});

test('a log line is what a terminal would leave of it', () => {
  assert.equal(settle('\u001b[31mred\u001b[0m text'), 'red text');
  assert.equal(settle('10%\r50%\r100%\r'), '100%');
  assert.equal(settle('plain'), 'plain');
  assert.equal(settle('\r'), '');
  assert.equal(settle('\u001b]0;title\u0007x'), 'x');
});

test('loud lines are known by their words', () => {
  assert.equal(level('Traceback (most recent call last):'), 'error');
  assert.equal(level('ValueError: bad'), 'error');
  assert.equal(level('UserWarning: old'), 'warning');
  assert.equal(level('loss=0.3'), 'plain');
});

test('only the rows in view are drawn', () => {
  assert.deepEqual(visibleRows(0, 180, 18, 1_000_000), { first: 0, last: 30 });
  assert.deepEqual(visibleRows(1800, 180, 18, 105), { first: 80, last: 105 });
  assert.deepEqual(visibleRows(0, 180, 18, 0), { first: 0, last: 0 });
  assert.deepEqual(visibleRows(90_000, 180, 18, 10), { first: 10, last: 10 });
});

test('edited variants become an update of what changed', () => {
  const now = [
    {
      VariantName: 'a',
      CurrentWeight: 1,
      DesiredWeight: 1,
      CurrentInstanceCount: 1,
      DesiredInstanceCount: 1
    },
    {
      VariantName: 'b',
      CurrentWeight: 3,
      DesiredWeight: 3,
      CurrentInstanceCount: 1,
      DesiredInstanceCount: 1
    }
  ];
  assert.deepEqual(shares([1, 3]), [25, 75]);
  assert.deepEqual(shares([0, 0]), [0, 0]);
  assert.deepEqual(changedVariants(now, {}).updates, []);
  assert.deepEqual(changedVariants(now, { a: { weight: '2.5' }, b: { weight: '3' } }).updates, [
    { VariantName: 'a', DesiredWeight: 2.5 }
  ]);
  assert.deepEqual(changedVariants(now, { b: { count: '2' } }).updates, [
    { VariantName: 'b', DesiredInstanceCount: 2 }
  ]);
  const bad = changedVariants(now, { a: { weight: '-1', count: '1.5' }, b: { weight: '' } });
  assert.deepEqual([...bad.problems.keys()], ['a.weight', 'a.count', 'b.weight']);
  assert.deepEqual(bad.updates, []);
});

test('a deployment is judged before it is sent', () => {
  const good = {
    endpoint: 'digits',
    variant: 'AllTraffic',
    instanceType: 'ml.m5.large',
    count: '1'
  };
  assert.deepEqual(deploymentProblems(good), {});
  const bad = { endpoint: 'a_b', variant: '', instanceType: 'large', count: '0' };
  assert.deepEqual(Object.keys(deploymentProblems(bad)), [
    'endpoint',
    'variant',
    'instanceType',
    'count'
  ]);
});

test('a nested report is indented lines', () => {
  assert.equal(
    report({ a: 1, b: { c: true, d: ['x', { e: null }] } }),
    'a: 1\nb:\n  c: true\n  d:\n    - x\n    - e: null'
  );
});

test('a failed job failed in the last phase that is not the storing after it', () => {
  const told = (...names: string[]) => names.map(Status => ({ Status, StartTime: 0 }));
  assert.equal(failedPhase(told('Starting', 'Training', 'Uploading', 'Failed')), 1);
  const reason =
    'ClientError: Artifact upload failed: no room\nWhat the job wrote is still in /a/b.';
  assert.equal(failedPhase(told('Starting', 'Training', 'Uploading', 'Failed'), reason), 2);
  assert.equal(failedPhase(told('Starting', 'Downloading', 'Failed')), 1);
  assert.equal(failedPhase(told('Starting', 'Training', 'Uploading', 'Completed')), -1);
  assert.equal(failedPhase(told('Starting', 'Training')), -1);
  assert.equal(failedPhase(told('Failed')), -1);
  assert.equal(failedPhase([]), -1);
});

test('a long line is cut into rows, and no character in two', () => {
  assert.deepEqual(wrapped('', 3), ['']);
  assert.deepEqual(wrapped('abcdefg', 3), ['abc', 'def', 'g']);
  assert.deepEqual(wrapped('\ta', 10), ['    a']);
  assert.deepEqual(wrapped('ab😀cd', 3), ['ab😀', 'cd']);
});
