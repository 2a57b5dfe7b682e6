import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import {
  SYSLOG_PRODUCER,
  SYSLOG_WRITER,
  syslogproducer,
  syslogreceiver,
  syslogwriter,
  type SyslogMessage,
} from '@sputnikjs/adapter-syslog';
import { PRODUCER, type ProduceMessage } from '@sputnikjs/messaging';
import { blockConformance, echoBlock, type TestFlight } from '@sputnikjs/testkit';
import { datagrams, textOf } from './support.js';

const publisher = echoBlock<SyslogMessage>();

/** Sends a message by UDP and one by TCP, and waits for both. */
async function logs({ recorder }: Pick<TestFlight, 'recorder'>): Promise<void> {
  const port = Number(recorder.logs.find(({ event }) => event === 'listening')?.['port']);
  await datagrams(port, ['<13>by UDP']);
  const socket = connect(port, '127.0.0.1');
  socket.end('<13>by TCP\n');
  await once(socket.resume(), 'close');
  const texts = [await publisher.next(), await publisher.next()].map(textOf);
  assert.deepEqual(texts.toSorted(), ['by TCP', 'by UDP']);
}

blockConformance('syslogreceiver', {
  block: syslogreceiver,
  neighbours: { [SYSLOG_PRODUCER]: publisher },
  config: { syslogreceiver: { port: 0 } },
  work: logs,
  places: { module: '@sputnikjs/adapter-syslog', work: logs },
});

const producer = echoBlock<ProduceMessage>();

async function publishes(flight: Pick<TestFlight, 'to'>): Promise<void> {
  const source = { address: '192.0.2.7', port: 514, transport: 'udp', listener: '127.0.0.1:5514' } as const;
  await flight.to(SYSLOG_PRODUCER).ask({ received_at: '', source, data: 'hello' });
  assert.equal((await producer.next()).target, 'syslog');
}

blockConformance('syslogproducer', {
  block: syslogproducer,
  neighbours: { [PRODUCER]: producer },
  work: publishes,
  places: { module: '@sputnikjs/adapter-syslog', work: publishes },
});

const folder = mkdtempSync(join(tmpdir(), 'sputnik-writer-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'unsent.ndjson');

async function writes(flight: Pick<TestFlight, 'to'>): Promise<void> {
  await flight.to(SYSLOG_WRITER).ask({ target: 'syslog', payload: '{}', reason: 'a test' });
  assert.match(readFileSync(path, 'utf8'), /"target":"syslog","reason":"a test","message":\{\}\}\n$/);
}

blockConformance('syslogwriter', {
  block: syslogwriter,
  config: { syslogwriter: { path } },
  work: writes,
  places: { module: '@sputnikjs/adapter-syslog', work: writes },
});
