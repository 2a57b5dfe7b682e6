import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../support/program.js';

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`L1: ${signal} leads to an orderly finish, and the process exits by itself with 0`, async (t) => {
    const program = new Program(t, 'flying');
    await program.printed('launched');
    program.kill(signal);
    const { code, lines } = await program.ended;
    assert.deepEqual(lines, ['launched', 'landing', 'finish(false)', `signal ${signal} true`]);
    assert.equal(code, 0);
  });

  test(`B4: ${signal} between prepare and launch leads to an orderly finish (hazard 30)`, async (t) => {
    const program = new Program(t, 'prepared');
    await program.printed('prepared');
    program.kill(signal);
    const { code, lines } = await program.ended;
    assert.deepEqual(lines, ['prepared', 'finish(true)', `signal ${signal}`, 'launch returned']);
    assert.equal(code, 0);
  });

  test(`L7: ${signal} lands both of two satellites in a process`, async (t) => {
    const program = new Program(t, 'flying', ['2']);
    await program.printed('launched');
    program.kill(signal);
    const { code, lines } = await program.ended;
    assert.deepEqual(lines.slice(-2), [`signal ${signal} true`, `signal ${signal} true`]);
    assert.equal(lines.filter((line) => line === 'finish(false)').length, 2);
    assert.equal(code, 0);
  });

  test(`L7: ${signal} lands a satellite whose neighbour in the process has ended before`, async (t) => {
    const program = new Program(t, 'flying', ['2', 'first-ended']);
    await program.printed('launched');
    program.kill(signal);
    const { code, lines } = await program.ended;
    assert.deepEqual(lines.slice(-2), ['shootDown undefined true', `signal ${signal} true`]);
    assert.equal(code, 0);
  });
}

test('F5: a flight keeps the process alive, even when every block is idle', async (t) => {
  const program = new Program(t, 'flying', ['1', 'idle']);
  await program.printed('still here');
  program.kill('SIGTERM');
  assert.equal((await program.ended).code, 0);
});

for (const count of ['1', '2']) {
  test(`L6: a second Ctrl-C during a landing that hangs ends the process by SIGINT (satellites: ${count})`, async (t) => {
    const program = new Program(t, 'flying', [count, 'hang']);
    await program.printed('launched');
    program.kill('SIGINT');
    await program.printed('landing');
    const { code, signal } = await program.insist('SIGINT');
    assert.deepEqual({ code, signal }, { code: null, signal: 'SIGINT' });
  });
}

test('L6: a Ctrl-C during a landing that SIGTERM began ends the process too', async (t) => {
  const program = new Program(t, 'flying', ['1', 'hang']);
  await program.printed('launched');
  program.kill('SIGTERM');
  await program.printed('landing');
  assert.equal((await program.insist('SIGINT')).signal, 'SIGINT');
});

for (const [signal, rule] of [
  ['SIGTERM', 'repeated SIGTERM is absorbed during the landing, up to its end'],
  ['SIGINT', 'a Ctrl-C that a wrapper passes on as well, at once, is one: the landing goes on to its end'],
] as const) {
  test(`L6: ${rule}`, async (t) => {
    const { code, signal: endedBy, lines } = await new Program(t, 'absorbing', [signal]).ended;
    assert.deepEqual(lines, [`signal ${signal} true`]);
    assert.deepEqual({ code, endedBy }, { code: 0, endedBy: null });
  });
}

test("L6: after an embedded satellite has ended, the host's own SIGTERM handler is there (hazard 29)", async (t) => {
  const program = new Program(t, 'host', ['handler']);
  await program.printed('ended');
  program.kill('SIGTERM');
  const { code, lines } = await program.ended;
  assert.equal(lines.at(-1), 'the host handles it');
  assert.equal(code, 7);
});

test('L6: after an embedded satellite has ended, SIGTERM and SIGINT do what they do in any Node process', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const program = new Program(t, 'host');
    await program.printed('ended');
    program.kill(signal);
    assert.equal((await program.ended).signal, signal);
  }
});

test('L6: however flights end, the core prints nothing, calls no process.exit, sets no exit code and leaves no timer', async (t) => {
  const { code, lines, stderr } = await new Program(t, 'done').ended;
  assert.deepEqual(lines, ['timers: 0', 'exit code: untouched']);
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test('L6: more than ten satellites in a process land on one signal, without a listener warning', async (t) => {
  const program = new Program(t, 'flying', ['12']);
  await program.printed('launched');
  program.kill('SIGTERM');
  const { code, lines, stderr } = await program.ended;
  assert.equal(lines.filter((line) => line === 'finish(false)').length, 12);
  assert.equal(stderr, '');
  assert.equal(code, 0);
});
