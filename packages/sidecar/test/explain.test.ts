import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { columns, wrapped } from '../dist/cli/layout.js';
import { keyFacts } from '../dist/folder/key-facts.js';
import { jsonSchemaOf } from '../dist/folder/json-schema.js';
import { z } from 'zod';
import { BLOCKS } from './fixtures.js';
import { cliHere, folder } from './helpers.js';

const explain = async (...args: readonly string[]): Promise<readonly string[]> => {
  const { code, stdout, stderr } = await cliHere(['explain', ...args]);
  assert.deepEqual([code, stderr], [0, []]);
  return stdout;
};

test('explain says what a key means, its type, its default and its variable', async () => {
  assert.deepEqual(await explain('producer.capacity'), [
    'producer.capacity',
    '',
    '  Most messages that wait. Beyond that, senders wait or are rejected.',
    '',
    '  type      whole number, 1 or more',
    '  default   256',
    '  variable  PRODUCER_CAPACITY',
    '',
  ]);
});

test('explain finds a key by its variable, by its last name, and in every package that has it', async () => {
  const titles = async (key: string): Promise<readonly string[]> =>
    (await explain(key)).filter((line) => line !== '' && !line.startsWith(' '));
  assert.deepEqual(await titles('HTTPGATEWAY_MAX_BODY_BYTES'), ['httpgateway.maxBodyBytes  (@sputnikjs/adapter-http)']);
  assert.deepEqual(await titles('landingMs'), ['sputnik.timeouts.landingMs']);
  assert.deepEqual(await titles('SPUTNIK_LOGLEVEL_FILE'), ['sputnik.logLevel']);
  assert.deepEqual(await titles('syslogreceiver.listeners[3].mode'), [
    'syslogreceiver.listeners[].mode  (@sputnikjs/adapter-syslog)',
  ]);
  assert.deepEqual(
    await titles('connector.url'),
    ['amqp', 'mqtt', 'nats', 'redis'].map((server) => `connector.url  (@sputnikjs/connector-${server})`),
  );
});

test('explain lists the keys of a configuration', async () => {
  assert.deepEqual(await explain('consumer'), [
    'consumer',
    '',
    '  source             What to consume: a topic filter, subject, stream or queue,',
    "                     in the server's spelling. Required.",
    '  maxUnacknowledged  Most messages that the receiver has not handled yet. Its',
    '                     mailbox.concurrency says how many it handles at once.',
    '                     Default: 256.',
    '',
    '  A variable sets each key that is not in a list: CONSUMER_SOURCE sets source.',
    '',
  ]);
});

test('of a folder explain knows the blocks of others, by responsibility, and what is in force, without secrets', async () => {
  const cf = await folder({
    'blocks.json': [{ name: 'listener', module: './blocks.mjs', responsibility: 'front' }],
    'blocks.mjs': BLOCKS,
    'front.json': { port: 5, password: 'hunter2' },
  });
  const port = await explain('front.port', '--cf', cf);
  assert.match(port.join(' '), /in force +5 \(file/);
  const password = (await explain('front.password', '--cf', cf)).join('\n');
  assert.match(password, /secret +never shown; FRONT_PASSWORD_FILE names a file that has it/);
  assert.match(password, /in force +"\*\*\*" \(file/);
  assert.doesNotMatch(password, /hunter2/);
});

test('explain of a folder with problems explains, and says that it knows no more', async () => {
  const cf = await folder({ 'blocks.json': [{ name: 'producer' }], 'producer.json': { capacity: 'many' } });
  const { code, stdout, stderr } = await cliHere(['explain', 'producer.capacity', '--cf', cf]);
  assert.deepEqual([code, stdout[0]], [0, 'producer.capacity']);
  assert.deepEqual(stderr, [`${cf} has problems, so its values in force are unknown; list the problems with "check"`]);
  const missing = await cliHere(['explain', 'producer.capacity', '--cf', join(cf, 'nowhere')]);
  assert.equal(missing.code, 78);
  assert.match(missing.stderr.join(), /cannot be read as a folder/);
});

test('explain says what may have been meant by a key that there is not', async () => {
  const told = async (key: string): Promise<string> => {
    const { code, stdout, stderr } = await cliHere(['explain', key]);
    assert.deepEqual([code, stdout], [78, []]);
    return stderr.join('\n');
  };
  assert.equal(
    await told('producer.timeoutMs'),
    'there is no key "producer.timeoutMs", did you mean "httpgateway.timeoutMs"?',
  );
  assert.equal(await told('prodcer'), 'there is no key "prodcer", did you mean "producer"?');
  assert.equal(await told('producer.capcity'), 'there is no key "producer.capcity", did you mean "producer.capacity"?');
  assert.equal(
    await told('producer.zzz'),
    'there is no key "producer.zzz"; there are concurrency, capacity, maxHeldBytes',
  );
  assert.match(
    await told('\u001B[2J0123456789'),
    /^there is no key "\\u001b\[2J0123456789"; the configurations are blocks, sputnik/,
  );
});

test('types are told in words, with their range', () => {
  const schema = z.strictObject({
    a: z.int().min(1).max(5),
    b: z.number().positive(),
    c: z.enum(['x', 'y', 'z']),
    d: z.array(z.string()).min(1),
    e: z.union([z.string(), z.array(z.strictObject({ f: z.int() }))]),
    g: z.boolean().nullable(),
    h: z.any(),
    i: z.int(),
    j: z.literal('k'),
    l: z.number().max(9),
  });
  const types = keyFacts(jsonSchemaOf(schema)).map(({ path, type }) => `${path}: ${type}`);
  assert.deepEqual(types, [
    'a: whole number, 1 to 5',
    'b: number, more than 0',
    'c: "x", "y" or "z"',
    'd: list of texts, 1 or more',
    'e: text or list of objects',
    'e[].f: whole number',
    'g: true or false or null',
    'h: anything',
    'i: whole number',
    'j: "k"',
    'l: number, at most 9',
  ]);
});

test('text is wrapped at words, and a name that is too long has a line of its own', () => {
  assert.deepEqual(wrapped('aa bb ccccc dd', 5), ['aa bb', 'ccccc', 'dd']);
  assert.deepEqual(
    columns([
      ['a', 'one'],
      ['bb', 'two'],
      ['x'.repeat(50), 'three'],
    ]),
    ['  a   one', '  bb  two', `  ${'x'.repeat(50)}`, '      three'],
  );
});
