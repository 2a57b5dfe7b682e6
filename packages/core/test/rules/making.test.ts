import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineBlock,
  globalFactories,
  registerBlockFactory,
  Sputnik,
  type AnyBlock,
  type BlockFactory,
  type ConfFactory,
  type ConfigSource,
} from '@sputnikjs/core';
import { portSchema } from '../support/port-schema.js';
import { recorder } from '../support/recorder.js';
import { problemsOf, rejection, sputnikError, TestFlight } from '../support/test-flight.js';
import { TestServer } from '@sputnikjs/testkit';

const made: string[] = [];
const ok = recorder(made);

test('B2: all blocks are made and all configurations checked before any block is initialised', async () => {
  const order: string[] = [];
  const block = (name: string): BlockFactory =>
    defineBlock({
      name,
      config: portSchema,
      make: ({ port }) => {
        order.push(`make ${name} ${port}`);
        return { init: () => void order.push(`init ${name}`) };
      },
    });
  const config: ConfigSource = (name) => {
    order.push(`config ${name}`);
    return { port: 1 };
  };
  const t = new TestFlight({ config });
  await t.prepare({ a: block('a'), b: block('b') });
  assert.deepEqual(order, ['config a', 'make a 1', 'config b', 'make b 1', 'init a', 'init b']);
});

test('B2: assemble makes all blocks and initialises none', async () => {
  made.length = 0;
  let factoryCalls = 0;
  const a: BlockFactory = () => {
    factoryCalls++;
    return ok();
  };
  assert.deepEqual(await problemsOf({ appBlocks: [{ name: 'a' }], blockFactories: { a }, finisher: recorder([]) }), []);
  assert.equal(factoryCalls, 1);
  assert.deepEqual(made, []);
});

test('B2: descriptors are copied and frozen', async () => {
  const entry = { name: 'a', responsibility: 'here' };
  const t = new TestFlight({ appBlocks: [entry] });
  const flight = await t.prepare({ a: {} });
  entry.responsibility = 'there';
  assert.deepEqual(t.context('here').descriptor, { name: 'a', responsibility: 'here' });
  assert.ok(Object.isFrozen(t.context('here').descriptor));
  assert.deepEqual(
    flight.status().blocks.map(({ responsibility }) => responsibility),
    ['finisher', 'here'],
  );
});

test('B2: two blocks may share a name; the configuration of one is that of its responsibility, else of its name', async () => {
  const ports: Record<string, number> = {};
  const listener = defineBlock({
    name: 'listener',
    config: portSchema,
    make: ({ port }, _to, { descriptor }) => {
      ports[descriptor.responsibility] = port;
      return {};
    },
  });
  const confs: Record<string, unknown> = { listener: { port: 1 }, special: { port: 2 } };
  const t = new TestFlight({
    appBlocks: [
      { name: 'listener' },
      { name: 'listener', responsibility: 'special' },
      { name: 'listener', responsibility: 'plain' },
    ],
    config: (name) => confs[name],
  });
  await t.prepare({ listener });
  assert.deepEqual(ports, { listener: 1, special: 2, plain: 1 });
});

test('B2: a need is met by the block that has the address, or by another one that the entry names', async () => {
  const t = new TestFlight({
    appBlocks: [
      { name: 'b' },
      { name: 'b', responsibility: 'c' },
      { name: 'needy' },
      { name: 'needy', responsibility: 'other', needs: { target: 'c' } },
    ],
  });
  const sender = defineBlock({
    name: 'needy',
    needs: { target: 'b' },
    make: (_config, to, { descriptor }) => ({
      run: () => void to.target.send({ n: `from ${descriptor.responsibility}` }),
    }),
  });
  await t.fly({ b: { onMsg() {} }, needy: sender });
  assert.deepEqual(t.log.filter((line) => line.includes('onMsg')).toSorted(), [
    'b.onMsg from needy',
    'c.onMsg from other',
  ]);
  await t.land();
});

test('B2: the address of a block is what its entry says, else the one that it declares, else its name', async () => {
  const oracle = defineBlock({ name: 'delphi', address: 'oracle', make: () => ({}) });
  const t = new TestFlight({
    appBlocks: [{ name: 'delphi' }, { name: 'delphi', responsibility: 'other' }, { name: 'a' }],
  });
  const flight = await t.prepare({ delphi: oracle, a: {} });
  assert.deepEqual(
    flight.status().blocks.map(({ name, responsibility }) => `${responsibility} (${name})`),
    ['finisher (finisher)', 'oracle (delphi)', 'other (delphi)', 'a (a)'],
  );
});

test('B2: an address that a block declares may be taken, reserved or no text, as one of an entry may', async () => {
  const at = (name: string, address: unknown): BlockFactory =>
    defineBlock({ name, address: address as string, make: () => ({}) });
  const blockFactories = { a: at('a', 'b'), b: at('b', undefined), c: at('c', 'connector'), d: at('d', '') };
  const problems = await problemsOf({
    appBlocks: Object.keys(blockFactories).map((name) => ({ name })),
    blockFactories,
  });
  assert.deepEqual(problems, [
    'block b: its responsibility "b" is taken by block "a"; give each block its own',
    'block connector (c): its responsibility "connector" is reserved for infrastructure',
    'block  (d): its name and responsibility must be non-empty text',
  ]);
});

test('B2: a block is not made as long as its configuration is wrong, or a need of it unmet', async () => {
  const made: string[] = [];
  const poor = (name: string, needs: Record<string, string>, config?: typeof portSchema) =>
    defineBlock({ name, needs, ...(config && { config }), make: () => (made.push(name), {}) });
  const problems = await problemsOf({
    appBlocks: [{ name: 'lonely' }, { name: 'unset' }, { name: 'fine' }],
    blockFactories: {
      lonely: poor('lonely', { other: 'nobody' }),
      unset: poor('unset', {}, portSchema),
      fine: poor('fine', {}),
    },
    config: () => ({ port: 'none' }),
  });
  assert.match(problems.join(), /block lonely: .* unmet.*block unset: unset\.port/);
  assert.deepEqual(made, ['fine']);
});

test('B2: a block may be an instance of a class', async () => {
  class Counting implements AnyBlock {
    readonly calls: string[] = [];
    init(): void {
      this.calls.push('init');
    }
    run(): void {
      this.calls.push('run');
    }
    finish(): void {
      this.calls.push('finish');
    }
    onMsg(): void {
      this.calls.push('onMsg');
    }
  }
  const counting = new Counting();
  const t = new TestFlight();
  await t.fly({ counting: () => counting, a: { run: (self) => void self.communicator('counting')?.send({}) } });
  await t.land();
  assert.deepEqual(counting.calls, ['init', 'run', 'onMsg', 'finish']);
});

test('B2: a block in the original form gets configurations in init, validated', async () => {
  const confs: (typeof portSchema)[] = [];
  let port = 0;
  const config: ConfigSource = (name, schema) => {
    confs.push(schema as typeof portSchema);
    return { port: name === 'a' ? 7 : 'seven' };
  };
  const read = async (conf: ConfFactory): Promise<void> => {
    ({ port } = await conf('a', portSchema));
    await conf('elsewhere', portSchema);
  };
  const t = new TestFlight({ config });
  const { cause } = await rejection(t.prepare({ a: { init: read } }), 'INIT_FAILED');
  assert.equal(port, 7);
  assert.deepEqual(confs, [portSchema, portSchema], 'the source is told the schema');
  const { problems } = sputnikError(cause, 'BAD_CONFIG');
  assert.deepEqual(problems, ['elsewhere.port: must be a number', 'elsewhere.all: is odd']);
});

test('B2: the global registry serves a satellite that is given no factories, and refuses a second claim to a name', async () => {
  registerBlockFactory('setup.test', ok);
  registerBlockFactory('setup.test', ok);
  assert.equal(Object.hasOwn(globalFactories(), 'setup.test'), true);
  assert.throws(() => registerBlockFactory('setup.test', recorder([])), { code: 'BAD_SETUP' });
  const appBlocks = [{ name: 'setup.test' }];
  assert.deepEqual(await problemsOf({ appBlocks, finisher: recorder([]) }), []);
  assert.match(
    (await problemsOf({ appBlocks, blockFactories: {} })).join(),
    /no factory has its name; the factories are: none/,
  );
});

test('B2: factories without a finisher get the default one (hazard 33), and a connector comes with a server', async () => {
  const flight = await new Sputnik({ appBlocks: [], blockFactories: {}, connector: new TestServer() }).prepare();
  assert.deepEqual(
    flight.status().blocks.map(({ name }) => name),
    ['finisher', 'connector'],
  );
  await flight.shootDown();
});
