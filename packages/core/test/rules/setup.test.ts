import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineBlock,
  globalFactories,
  inspect,
  registerBlockFactory,
  Sputnik,
  type AnyBlock,
  type BlockFactory,
  type ConfFactory,
  type ConfigSource,
  type SputnikOptions,
  type StandardSchemaV1,
} from '@sputnikjs/core';
import { recorder } from '../support/recorder.js';
import { rejection, TestFlight } from '../support/test-flight.js';
import { TestServer } from '../support/test-server.js';

/** Fits an object with a number `port`. */
const portSchema: StandardSchemaV1<unknown, { port: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { port } = value as { port?: unknown };
      if (typeof port === 'number') return { value: { port } };
      return {
        issues: [
          { message: 'must be a number', path: ['port'] },
          { message: 'is odd', path: [{ key: 'all' }] },
        ],
      };
    },
  },
};

const made: string[] = [];
const ok = recorder(made);
const noBlock = (() => undefined) as unknown as BlockFactory;
const without = (callback: string): BlockFactory =>
  (() => ({ ...ok(), [callback]: undefined })) as unknown as BlockFactory;
const configured = defineBlock({ name: 'configured', config: portSchema, make: () => ({}) });
const needy = defineBlock({ name: 'needy', needs: { target: 'b' }, make: () => ({}) });

/** Setups with one thing wrong each, and how the problem reads. `b` is always there. */
const faults: Record<string, [Partial<SputnikOptions> & { readonly a?: BlockFactory }, RegExp]> = {
  'an unknown block name': [
    { appBlocks: [{ name: 'nobody' }] },
    /^block nobody: no factory has its name; there are: a, b$/,
  ],
  'a block name that only the prototype of the factories has': [{ appBlocks: [{ name: 'toString' }] }, /no factory/],
  'a factory that returns no block (hazard 14)': [{ a: noBlock }, /^block a: its factory returned no block$/],
  'a factory that throws': [
    {
      a: () => {
        throw new Error('out of bricks');
      },
    },
    /^block a: its factory failed: out of bricks$/,
  ],
  'a missing init': [{ a: without('init') }, /^block a: its callback init is missing$/],
  'a missing run': [{ a: without('run') }, /callback run is missing/],
  'a missing finish': [{ a: without('finish') }, /callback finish is missing/],
  'a duplicate responsibility (hazard 13)': [
    { appBlocks: [{ name: 'a' }, { name: 'b', responsibility: 'a' }] },
    /^block a \(b\): its responsibility "a" is taken/,
  ],
  'the responsibility "initiator" (hazard 13)': [
    { appBlocks: [{ name: 'a', responsibility: 'initiator' }] },
    /responsibility "initiator" is reserved/,
  ],
  'the responsibility "finisher"': [
    { appBlocks: [{ name: 'a', responsibility: 'finisher' }] },
    /"finisher" is reserved/,
  ],
  'the responsibility "connector", even without a server': [
    { appBlocks: [{ name: 'a', responsibility: 'connector' }] },
    /"connector" is reserved/,
  ],
  'an empty responsibility': [{ appBlocks: [{ name: 'a', responsibility: '' }] }, /must be texts that are not empty/],
  'an unmet need': [
    { a: needy, appBlocks: [{ name: 'a' }] },
    /^block a: its need "target" is unmet: no block has the responsibility "b"$/,
  ],
  'a need rewired to nobody': [
    { a: needy, appBlocks: [{ name: 'a', needs: { target: 'c' } }, { name: 'b' }] },
    /responsibility "c"/,
  ],
  'a need rewired that the block does not have': [
    { a: needy, appBlocks: [{ name: 'a', needs: { tagret: 'b' } }, { name: 'b' }] },
    /^block a: it has no need "tagret" that could be rewired; it has: target$/,
  ],
  'onServerConnect without a connector': [
    { a: recorder([], { onServerConnect() {} }) },
    /^block a: it has onServerConnect, but the satellite has no server connector$/,
  ],
  'onServerDisconnect without a connector': [
    { a: recorder([], { onServerDisconnect() {} }) },
    /it has onServerDisconnect/,
  ],
  'a mailbox without room': [
    { a: recorder([], { mailbox: { capacity: 0 } }) },
    /mailbox\.capacity must be a positive integer, not 0/,
  ],
  'half a message at a time': [
    { a: recorder([], { mailbox: { concurrency: 0.5 } }) },
    /mailbox\.concurrency .* not 0\.5/,
  ],
  'an unknown mailbox policy': [
    { a: recorder([], { mailbox: { whenFull: 'explode' as 'reject' } }) },
    /mailbox\.whenFull must be "reject" or "drop-oldest", not "explode"/,
  ],
  'a finisher without finish': [{ finisher: without('finish') }, /^block finisher: its callback finish is missing$/],
  'a time-out of 0 (hazard 9)': [
    { timeouts: { heartbeatMs: 0 } },
    /timeouts\.heartbeatMs must be milliseconds above 0/,
  ],
  'a negative time-out': [{ timeouts: { connectMs: -1 } }, /timeouts\.connectMs .* not -1/],
  'a time-out that is no number': [{ timeouts: { initMs: Number.NaN } }, /timeouts\.initMs .* not NaN/],
  'a time-out that is a text': [
    { timeouts: { landingMs: '5000' as unknown as number } },
    /timeouts\.landingMs .* not 5000/,
  ],
  'a time-out beyond what timers can do': [{ timeouts: { landingMs: 2 ** 31 } }, /timeouts\.landingMs/],
};

function setup({ a = ok, ...options }: Partial<SputnikOptions> & { readonly a?: BlockFactory }): SputnikOptions {
  const appBlocks = [{ name: 'a' }, { name: 'b' }];
  return { appBlocks, finisher: recorder([]), blockFactories: { a, b: ok }, ...options };
}

for (const [fault, [options, problem]] of Object.entries(faults)) {
  test(`B2: ${fault} is a problem of the setup`, async () => {
    made.length = 0;
    const error = await rejection(new Sputnik(setup(options)).prepare(), 'BAD_SETUP');
    assert.equal(error.problems.length, 1, error.message);
    assert.match(error.problems[0] ?? '', problem);
    assert.ok(error.message.includes(error.problems[0] ?? '?'), 'the text lists it');
    assert.deepEqual(made, [], 'nothing is initialised');
    assert.deepEqual(await inspect(setup(options)), error.problems, 'inspect says the same');
  });
}

test('B2: a configuration that is missing or wrong is a problem, every issue of it with its path', async () => {
  const problems = async (config?: ConfigSource): Promise<readonly string[]> =>
    inspect({ ...setup({ a: configured }), ...(config && { config }) });
  assert.deepEqual(await problems(() => ({ port: 'x' })), [
    'block a: a.port: must be a number',
    'block a: a.all: is odd',
  ]);
  const missing = 'block a: a: there is no such configuration, and it has keys without default';
  assert.equal((await problems())[0], missing);
  assert.equal((await problems(() => undefined))[0], missing);
  assert.match(
    (
      await problems(() => {
        throw new Error('no such folder');
      })
    ).join(),
    /^block a: no such folder$/,
  );
  assert.deepEqual(await problems(() => ({ port: 1 })), []);
});

test('B2: prepare names every problem at once', async () => {
  const options = setup({
    a: configured,
    appBlocks: [
      { name: 'a' },
      { name: 'nobody' },
      { name: 'b', responsibility: 'a' },
      { name: 'b', responsibility: 'initiator' },
      { name: 'broken' },
      { name: 'needy' },
    ],
    timeouts: { initMs: 0, connectMs: 0 },
    finisher: without('run'),
  });
  const blockFactories = { ...options.blockFactories, broken: noBlock, needy };
  const { problems } = await rejection(new Sputnik({ ...options, blockFactories }).prepare(), 'BAD_SETUP');
  const expected = [
    /timeouts\.initMs/,
    /timeouts\.connectMs/,
    /block nobody: no factory/,
    /"a" is taken/,
    /"initiator" is reserved/,
    /block finisher: its callback run is missing/,
    /block a: a: there is no such configuration/,
    /block a: a\.port/,
    /block a: a\.all/,
    /block broken: its factory returned no block/,
    /block needy: its need "target" is unmet/,
  ];
  for (const problem of expected)
    assert.ok(
      problems.some((line) => problem.test(line)),
      `${problem} in ${problems}`,
    );
  assert.equal(problems.length, expected.length, problems.join('\n'));
});

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

test('B2: inspect makes all blocks and initialises none', async () => {
  made.length = 0;
  let factoryCalls = 0;
  const a: BlockFactory = () => {
    factoryCalls++;
    return ok();
  };
  assert.deepEqual(await inspect(setup({ a })), []);
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
  const { problems } = await rejection(Promise.reject(cause as Error), 'BAD_CONFIG');
  assert.deepEqual(problems, ['elsewhere.port: must be a number', 'elsewhere.all: is odd']);
});

test('B2: the global registry serves a satellite that is given no factories, and refuses a second claim to a name', async () => {
  registerBlockFactory('setup.test', ok);
  registerBlockFactory('setup.test', ok);
  assert.equal(Object.hasOwn(globalFactories(), 'setup.test'), true);
  assert.throws(() => registerBlockFactory('setup.test', noBlock), { code: 'BAD_SETUP' });
  const appBlocks = [{ name: 'setup.test' }];
  assert.deepEqual(await inspect({ appBlocks, finisher: recorder([]) }), []);
  assert.match((await inspect({ appBlocks, blockFactories: {} })).join(), /no factory has its name; there are: none/);
});

test('B2: factories without a finisher get the default one (hazard 33), and a connector comes with a server', async () => {
  const flight = await new Sputnik({ appBlocks: [], blockFactories: {}, connector: new TestServer() }).prepare();
  assert.deepEqual(
    flight.status().blocks.map(({ name }) => name),
    ['finisher', 'connector'],
  );
  await flight.shootDown();
});
