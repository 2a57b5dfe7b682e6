import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

/** Of `process.env` all but what would have a test runner inside report to the one of this process. */
const { NODE_TEST_CONTEXT: _, ...env } = process.env;

/** A connector in a thread is its own connection: all that the suite asks of it in a process it has to do there. */
for (const name of ['nats', 'mqtt', 'redis', 'amqp'])
  test(`the suite of connector-${name} passes in a thread`, async (t) => {
    const file = new URL(`../../../packages/connector-${name}/dist-test/conformance.test.js`, import.meta.url);
    const worker = new Worker(file, { env, stdout: true });
    const [said, [code]] = await Promise.all([text(worker.stdout), once(worker, 'exit') as Promise<[number]>]);
    const count = (word: string): number => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(said)?.[1]);
    t.diagnostic(`${count('pass')} rules kept, ${count('skipped')} skipped`);
    assert.deepEqual([count('fail'), count('cancelled'), code], [0, 0, 0], said.match(/^ *not ok .*$/gm)?.join('\n'));
    assert.ok(count('pass') > 20);
  });
