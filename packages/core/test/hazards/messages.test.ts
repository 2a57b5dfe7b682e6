import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Msg } from '@sputnikjs/core';
import { turn } from '@sputnikjs/testkit';
import { TestFlight } from '../support/test-flight.js';

test('a sender that changes a message after it was sent changes it for the receiver: the type forbids it, and the README says so (hazard 15)', async () => {
  const t = new TestFlight();
  let got: unknown;
  await t.fly({ a: { onMsg: (msg: Msg) => void (got = msg) } });
  const msg: Msg = { n: 1 };
  t.self('a').send(msg);
  // @ts-expect-error -- it is read-only
  msg['n'] = 2;
  await turn();
  assert.equal(got, msg, 'it is passed by reference, and nothing is corrupted');
  assert.deepEqual(t.log.at(-1), 'a.onMsg 2');
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');
  assert.match(readme, /passed by reference, and are read-only from the moment they are sent/);
});
