import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Packet } from '@sputnikjs/messaging';
import { open, started } from './helpers.js';
import { member, WRITES } from './peers-helpers.js';

/** Each way. */
const COUNT = 50_000;
/** What is under way at the most, in bytes: what the core NATS of the server keeps for a client is more. */
const WINDOW = 4 * 1024 * 1024;
const SIZES = [5, 20, 200, 1_000, 300, 64, 3_000, 7];

/** The size of the packet of this number: most are small, some are as large as they may be. */
const sizeOf = (n: number, most: number): number => (n % 2_500 === 0 ? most : (SIZES[n % SIZES.length] ?? 5));

/** Takes packets, which must come in their order, each as it was sent. */
function checked(most: number): { readonly state: { count: number; bytes: number }; packet(packet: Packet): void } {
  const state = { count: 0, bytes: 0 };
  return {
    state,
    packet({ bytes, session }) {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const n = state.count;
      const isWhole = view.length === sizeOf(n, most) && view.readUInt32BE() === n && view.at(-1) === n % 256;
      if (!isWhole || session !== 's1')
        assert.fail(`packet ${n} is ${view.length} bytes of ${session}: ${view.toString('hex', 0, 20)}`);
      state.count++;
      state.bytes += bytes.length;
    },
  };
}

test(`${2 * COUNT} packets of all sizes to and fro come in their order, each as it was sent`, async (t) => {
  const { url } = await started(t);
  const most = 256 * 1024;
  const sides = await Promise.all(
    ['a', 'b'].map(async (id) => {
      const taken = checked(most);
      const { connection, lost } = await open(t, { url, jetstream: false });
      const listener = {
        packet: (packet: Packet) => taken.packet(packet),
        unreachable: (session: string) => assert.fail(`${session} is unreachable`),
      };
      const membership = await connection.peers.join({ whole: 'demo', satellite: '', id, ...WRITES }, listener);
      assert.equal(membership.mostBytes, most);
      return { membership, taken: taken.state, lost };
    }),
  );
  const [a, b] = sides;
  assert.ok(a !== undefined && b !== undefined);
  const send = async (from: typeof a, to: typeof a): Promise<void> => {
    let sent = 0;
    for (let n = 0; n < COUNT; n++) {
      const bytes = Buffer.alloc(sizeOf(n, most), n);
      bytes.writeUInt32BE(n);
      from.membership.send(to.membership.address, 's1', bytes);
      sent += bytes.length;
      while (sent - to.taken.bytes > WINDOW) await turn();
    }
    while (to.taken.count < COUNT) await turn();
  };
  const over = Promise.race([a.lost, b.lost]).then((why) => assert.fail(`the connection is lost: ${String(why)}`));
  await Promise.race([Promise.all([send(a, b), send(b, a)]), over]);
  assert.deepEqual([a.taken.count, b.taken.count], [COUNT, COUNT]);
});

test('the largest packet is what the server takes, and the server takes it', async (t) => {
  const { url } = await started(t, ['max_payload: 10000']);
  const [a, b] = [await member(t, url), await member(t, url)];
  assert.equal(a.membership.mostBytes, 10_000);
  a.membership.send(b.membership.address, 's1', Buffer.alloc(10_000, 'x'));
  await b.packets.reaches(1);
  assert.equal(b.packets.items[0]?.bytes.length, 10_000);
});
