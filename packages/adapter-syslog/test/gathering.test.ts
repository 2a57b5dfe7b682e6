import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { BlockCommunicator, BlockContext } from '@sputnikjs/core';
import { Dispatcher } from '../dist/receive/dispatcher.js';
import { parseSyslog, type SyslogMessage } from '../dist/index.js';

const source = { address: '127.0.0.1', port: 1, transport: 'udp', listener: 'a' } as const;
const message = parseSyslog(Buffer.from('<13>1 - h a - - - text'), { at: new Date(0), source });

test('datagrams that keep coming are read together, but none waits for more than a few turns of the event loop', async () => {
  let taken = 0;
  const publisher = { send: () => ++taken > 0 } as unknown as BlockCommunicator<SyslogMessage>;
  const dispatcher = new Dispatcher(publisher, { signal: new AbortController().signal } as BlockContext);
  const sender = { lose: () => assert.fail('a datagram is lost') };
  const batches: number[] = [];
  for (let offered = 1; offered <= 100; offered++) {
    const before = taken;
    dispatcher.offerDatagram({ bytes: 10, sender, read: () => message });
    await turn();
    if (taken > before) batches.push(taken - before);
    assert.ok(offered - taken <= 10, `${offered - taken} wait`);
  }
  assert.ok(Math.min(...batches) > 1, `read in batches of ${batches.join()}`);
  await dispatcher.idle();
  assert.equal(taken, 100, 'also the last one, behind which none comes');
});
