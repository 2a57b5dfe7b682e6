import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRODUCER, producerBlock, type MessagingConnection, type ProduceMessage } from '@sputnikjs/messaging';
import { testFlight, turn, type TestFlight } from '@sputnikjs/testkit';

interface Scene {
  readonly flight: TestFlight;
  /** One for each message that the server has and does not acknowledge. */
  readonly acknowledge: (() => void)[];
}

/** A producer of a server that acknowledges nothing until it is told to. */
async function launch(config: object = {}): Promise<Scene> {
  const acknowledge: (() => void)[] = [];
  const connection: MessagingConnection = {
    producer: { produce: () => new Promise((resolve) => acknowledge.push(resolve)) },
    consumer: { consume: async () => ({ stop: async () => {} }) },
  };
  const flight = await testFlight({
    blocks: { producer: producerBlock },
    config: { producer: config },
    connection,
  });
  return { flight, acknowledge };
}

/** How many of these are accepted before the first is refused. */
function accepts({ flight }: Scene, message: ProduceMessage): number {
  let count = 0;
  while (flight.to(PRODUCER).send(message)) count++;
  return count;
}

const MiB = 1024 * 1024;

test('the producer holds 32 MiB unless configured, waiting or under way, until the server has acknowledged them', async () => {
  const scene = await launch();
  const { flight, acknowledge } = scene;
  const message = { target: 't', payload: Buffer.alloc(MiB) };
  assert.equal(accepts(scene, message), 31);
  await turn();
  assert.equal(acknowledge.length, 31, 'all are under way, and are held');
  assert.equal(flight.to(PRODUCER).send(message), false);
  const posted = flight.to(PRODUCER).post(message);
  // those of a batch are held together
  for (let n = 0; n < 8; n++) acknowledge.shift()?.();
  assert.equal(await posted, true);
  for (let left = 24; left > 0; left--, await turn()) acknowledge.shift()?.();
});

test('a message that is larger than maxHeldBytes is taken when there is no other', async () => {
  const scene = await launch({ maxHeldBytes: 1_000 });
  const large = { target: 't', payload: Buffer.alloc(5_000) };
  assert.equal(accepts(scene, large), 1);
  await turn();
  scene.acknowledge.shift()?.();
  await turn();
  assert.equal(accepts(scene, large), 1);
  await turn();
  scene.acknowledge.shift()?.();
});

for (const [what, bytes, message] of [
  ['a payload of ASCII text', 1_000, { payload: 'a'.repeat(1_000) }],
  ['a payload of text that takes two bytes a character', 2_000, { payload: `${'a'.repeat(999)}☃` }],
  ['a payload of text that takes three bytes a character as UTF-8', 3_000, { payload: '☃'.repeat(1_000) }],
  ['a payload of bytes', 1_000, { payload: new Uint8Array(1_000) }],
  ['headers', 1_064, { payload: '', headers: { name: 'v'.repeat(996) } }],
  [
    'an id, a content type and a target',
    900,
    { payload: '', id: 'i'.repeat(300), contentType: 'c'.repeat(300), target: 't'.repeat(301) },
  ],
] as const) {
  test(`what a message holds counts: ${what}`, async () => {
    const scene = await launch({ maxHeldBytes: 10 * (bytes + 513) });
    assert.equal(accepts(scene, { target: 't', ...message }), 10);
    for (let left = 10; left > 0; left--) {
      await turn();
      scene.acknowledge.shift()?.();
    }
  });
}

test('what is no message is refused as such, and lands nobody', async () => {
  const { flight } = await launch();
  for (const wrong of [{}, { target: 7, payload: 7 }, { headers: null }, { headers: 'text' }]) {
    await assert.rejects(flight.to('producer').ask(wrong), { code: 'ASK_FAILED' });
  }
  assert.equal(flight.status().state, 'flying');
});

for (const concurrency of [512, 100, 3])
  test(`${concurrency} messages are under way at most, and as many wait as there is capacity for`, async () => {
    const scene = await launch({ concurrency, capacity: 256 });
    const message = { target: 't', payload: 'x' };
    let accepted = 0;
    for (let more = 1; more > 0; await turn()) accepted += more = accepts(scene, message);
    assert.equal(scene.acknowledge.length, concurrency);
    assert.equal(accepted, concurrency + 256);
    let acknowledged = 0;
    for (; acknowledged < accepted; await turn())
      for (const acknowledge of scene.acknowledge.splice(0)) {
        acknowledge();
        acknowledged++;
      }
  });

test('a connector that makes promises only may reject with anything, or throw at once', async () => {
  const outcomes = [
    () => Promise.reject('no reason'),
    () => {
      throw new TypeError('no such method');
    },
  ];
  const connection: MessagingConnection = {
    producer: { produce: () => (outcomes.shift() as () => Promise<void>)() },
    consumer: { consume: async () => ({ stop: async () => {} }) },
  };
  const flight = await testFlight({ blocks: { producer: producerBlock }, connection });
  for (const reason of ['no reason', 'no such method'])
    await assert.rejects(flight.to(PRODUCER).ask({ target: 't', payload: 'x' }), ({ cause }) => {
      assert.equal((cause as Error).message, reason);
      return true;
    });
});
