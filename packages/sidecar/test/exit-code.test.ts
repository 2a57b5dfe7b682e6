import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SputnikError, type LandingReport } from '@sputnikjs/core';
import { exitCodeOfError, exitCodeOfReport, linesOf } from '../dist/run/exit-code.js';

const report: LandingReport = {
  cause: { kind: 'signal' },
  clean: true,
  tookMs: 1,
  unfinished: [],
  failures: [],
  dropped: [],
};

test('a clean landing is 0, any other is 1', () => {
  assert.equal(exitCodeOfReport(report), 0);
  assert.equal(exitCodeOfReport({ ...report, clean: false }), 1);
});

test('bad configuration is 78, wherever it was found before the flight', () => {
  const bad = new SputnikError('BAD_CONFIG', 'x', { problems: ['a.json: b: c', 'd'] });
  const inInit = new SputnikError('INIT_FAILED', 'x', { cause: new Error('y', { cause: bad }) });
  for (const error of [bad, inInit]) {
    assert.equal(exitCodeOfError(error), 78);
    assert.deepEqual(linesOf(error), ['a.json: b: c', 'd']);
  }
  assert.equal(exitCodeOfError(new SputnikError('BAD_SETUP')), 78);
  assert.equal(exitCodeOfError(new SputnikError('BLOCK_FAILED', 'x', { cause: bad })), 1);
});

test('any other failure is 1 and one line, with the chain of causes', () => {
  const error = new SputnikError('INIT_FAILED', 'cannot\nlisten', { cause: new Error('port 514 is in use') });
  assert.equal(exitCodeOfError(error), 1);
  assert.deepEqual(linesOf(error), ['sputnik: cannot listen: port 514 is in use']);
  assert.equal(exitCodeOfError('text'), 1);
});

test('a start that was told to stop is no failure', () => {
  assert.equal(exitCodeOfError(new SputnikError('ABORTED')), 0);
});
