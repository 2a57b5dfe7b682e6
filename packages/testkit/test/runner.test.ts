import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawnSidecar } from '@sputnikjs/testkit';

/** A program in a process that looks like one of another test runner, by its global functions. */
const inAnotherRunner = (text: string): readonly string[] => [
  '--input-type=module',
  '--eval',
  `globalThis.describe = () => {};
   const { testFlight, blockConformance, spawnSidecar } = await import(${JSON.stringify(import.meta.resolve('@sputnikjs/testkit'))});
   ${text}`,
];

test('where the test runner is unknown, what needs it throws and says what to do', async () => {
  const program = inAnotherRunner(`
    for (const use of [() => testFlight({ blocks: {} }), async () => blockConformance('a', {}), async () => spawnSidecar('a')])
      await use().catch((error) => console.log(error.message));
  `);
  const { ended, stdout } = spawnSidecar(program[0]!, program.slice(1));
  assert.equal((await ended).code, 0);
  assert.equal(stdout.length, 3);
  for (const line of stdout) assert.match(line, /cannot use this test runner .* as the option `after`/);
});

test('the hook of an unknown test runner is used if it is given', async () => {
  const program = inAnotherRunner(`
    const block = () => ({ init() {}, run() { throw new Error('broken'); }, finish() {} });
    let atEnd;
    await testFlight({ blocks: { bad: block }, after: (cleanUp) => (atEnd = cleanUp) });
    await atEnd().catch((error) => console.log(error.message));
  `);
  const { ended, stdout, stderr } = spawnSidecar(program[0]!, program.slice(1));
  assert.equal((await ended).code, 0, stderr.join('\n'));
  assert.match(stdout[0] ?? '', /block bad failed in flight, .*: .*broken/);
});
