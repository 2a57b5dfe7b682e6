import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import type { ProduceMessage } from '@sputnikjs/sidecar';
import { Collector, prepare, type Satellite } from './support.js';

const collector = new Collector<ProduceMessage>();
let satellite: Satellite;

before(async () => {
  satellite = (await prepare(collector, 'producer', { producer: { target: 'logs/syslog' } })).launch();
});

after(async () => {
  const report = await satellite.flight.shootDown();
  await satellite.launched;
  assert.equal(report.clean, true);
});

/** Runs `logger`, and gives the `count` messages that came of it. */
async function logger(count: number, args: readonly string[], input?: string): Promise<SyslogMessage[]> {
  const known = collector.messages.length;
  const child = spawn('logger', ['-n', '127.0.0.1', '-P', String(satellite.port), ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  // With its text as argument, logger does not read.
  if (input !== undefined) child.stdin.end(input);
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  const produced = (await collector.first(known + count)).slice(known);
  return produced.map(({ target, payload, contentType }) => {
    assert.equal(target, 'logs/syslog');
    assert.equal(contentType, 'application/json');
    return JSON.parse(payload.toString()) as SyslogMessage;
  });
}

for (const transport of ['-d', '-T']) {
  for (const framing of [[], ['--octet-count']]) {
    for (const format of ['rfc5424', 'rfc3164'] as const) {
      const args = [transport, ...framing, `--${format}`, '-p', 'local3.warning', '-t', 'sputnik', '--id=1957'];
      test(`what \`logger ${args.join(' ')}\` sends arrives in its parts`, async () => {
        const [message] = await logger(1, [...args, 'beep "beep" – ünï']);
        assert.ok(message);
        const { receivedAt, timestamp = '', hostname = '', structuredData, ...rest } = message;
        const versioned = format === 'rfc5424' ? { version: 1 } : {};
        assert.deepEqual(rest, {
          format,
          priority: 156,
          facility: 19,
          facilityName: 'local3',
          severity: 4,
          severityName: 'warning',
          ...versioned,
          appName: 'sputnik',
          procId: '1957',
          message: 'beep "beep" – ünï',
        });
        assert.match(hostname, /\S/);
        assert.ok(Math.abs(Date.parse(timestamp) - Date.parse(receivedAt)) < 60_000, `${timestamp}, ${receivedAt}`);
        assert.equal(structuredData?.['timeQuality']?.['tzKnown'], format === 'rfc5424' ? '1' : undefined);
      });
    }
  }
}

for (const framing of [[], ['--octet-count']]) {
  test(`each line that \`logger -T ${framing.join('')}\` is given is a message, in order`, async () => {
    const messages = await logger(3, ['-T', ...framing], 'one\ntwo\nthree');
    assert.deepEqual(
      messages.map(({ message }) => message),
      ['one', 'two', 'three'],
    );
  });
}

test('what `logger` adds as structured data arrives', async () => {
  const data = [
    '--sd-id',
    'orbit@57',
    '--sd-param',
    'apogee="939"',
    '--sd-param',
    'note="a \\"b\\""',
    '--msgid',
    'BEEP',
  ];
  const [message] = await logger(1, ['-T', '--rfc5424=notime,notq,nohost', ...data, 'x']);
  assert.equal(message?.msgId, 'BEEP');
  assert.deepEqual(message?.structuredData, { 'orbit@57': { apogee: '939', note: 'a "b"' } });
  assert.equal(message !== undefined && ('timestamp' in message || 'hostname' in message), false);
});
