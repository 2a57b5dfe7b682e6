import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { SYSLOG_PRODUCER, syslogproducer, syslogreceiver, type SyslogMessage } from '@sputnikjs/adapter-syslog';
import { PRODUCER, type ProduceMessage } from '@sputnikjs/sidecar';
import { blockConformance, echoBlock, type TestFlight } from '@sputnikjs/testkit';
import { datagrams } from './support.js';

const publisher = echoBlock<SyslogMessage>();

/** Sends a message by UDP and one by TCP, and waits for both. */
async function logs({ recorder }: TestFlight): Promise<void> {
  const port = Number(recorder.logs.find(({ event }) => event === 'listening')?.['port']);
  await datagrams(port, ['<13>by UDP']);
  const socket = connect(port, '127.0.0.1');
  socket.end('<13>by TCP\n');
  await once(socket.resume(), 'close');
  const texts = [await publisher.next(), await publisher.next()].map(({ message }) => message);
  assert.deepEqual(texts.toSorted(), ['by TCP', 'by UDP']);
}

blockConformance('syslogreceiver', {
  block: syslogreceiver,
  neighbours: { [SYSLOG_PRODUCER]: publisher },
  config: { syslogreceiver: { port: 0 } },
  work: logs,
});

const producer = echoBlock<ProduceMessage>();

blockConformance('syslogproducer', {
  block: syslogproducer,
  neighbours: { [PRODUCER]: producer },
  async work(flight) {
    const message = { receivedAt: '', priority: 13, facility: 1, facilityName: 'user', severity: 5 } as const;
    await flight.to(SYSLOG_PRODUCER).ask({ ...message, format: 'raw', severityName: 'notice', message: 'hello' });
    assert.equal((await producer.next()).target, 'syslog');
  },
});
