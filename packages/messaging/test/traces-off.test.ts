import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { PRODUCER, producerBlock, type MessagingConnection, type ProduceMessage } from '@sputnikjs/messaging';
import { openTraces } from '@sputnikjs/messaging/traces';
import { MemoryLog, testFlight } from '@sputnikjs/testkit';

test('without an SDK nothing is loaded, and messages are what they were', async () => {
  const log = new MemoryLog();
  assert.equal(await openTraces(log), undefined);
  assert.deepEqual(log.lines, []);
  const sent: ProduceMessage[] = [];
  const producer: MessagingConnection['producer'] = { produce: async (message) => void sent.push(message) };
  const consumer: MessagingConnection['consumer'] = { consume: async () => ({ stop: async () => {} }) };
  const plain = { target: 'news', payload: 'hello' };
  const flight = await testFlight({ blocks: { producer: producerBlock }, connection: { producer, consumer } });
  await flight.to(PRODUCER).ask(plain);
  assert.equal(sent[0], plain);
});

test('an SDK without the API beside Sputnik is told, with what to do', () => {
  const hooks = `export async function resolve(name, context, next) {
    if (name === '@opentelemetry/api') throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  }`;
  const code = `import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
    globalThis[Symbol.for('opentelemetry.js.api.1')] = { trace: {} };
    const { openTraces } = await import('@sputnikjs/messaging/traces');
    const traces = await openTraces({ warn: ({ event, error }, text) => console.log(event, error.code, text) });
    console.log(traces);`;
  const cwd = new URL('../', import.meta.url);
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd,
    encoding: 'utf8',
  });
  const said =
    'tracesOff ERR_MODULE_NOT_FOUND there are no traces: install @opentelemetry/api next to the SDK\nundefined\n';
  assert.equal(stdout, said, stderr);
});
