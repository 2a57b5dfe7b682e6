import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { Collector, prepare, texts, type Satellite } from './support.js';

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

const text = 'beep "beep" – ünï';
for (const transport of ['-d', '-T']) {
  for (const framing of [[], ['--octet-count']]) {
    for (const format of ['RFC5424', 'RFC3164'] as const) {
      const args = [
        transport,
        ...framing,
        `--${format.toLowerCase()}`,
        '-p',
        'local3.warning',
        '-t',
        'sputnik',
        '--id=1957',
      ];
      test(`what \`logger ${args.join(' ')}\` sends arrives in its parts`, async () => {
        const [message] = await logger(1, [...args, text]);
        assert.ok(message);
        const { received_at, source, ...parts } = message;
        assert.equal(source.transport, transport === '-d' ? 'udp' : 'tcp');
        assert.equal(source.address, '127.0.0.1');
        assert.equal(source.listener, `127.0.0.1:${satellite.port}`);
        assert.ok(parts.rfc);
        const { timestamp = '', hostname = '', ...rest } = parts;
        const common = { priority: 156, facility: 19, severity: 4, proc_id: '1957' };
        assert.match(hostname, /\S/);
        assert.ok(Math.abs(Date.parse(timestamp) - Date.parse(received_at)) < 60_000, `${timestamp}, ${received_at}`);
        if (rest.rfc === 'RFC3164') {
          assert.deepEqual(rest, { ...common, rfc: 'RFC3164', tag: 'sputnik', content: text });
        } else {
          const { structured_data, ...others } = rest;
          assert.deepEqual(others, { ...common, rfc: 'RFC5424', version: 1, app_name: 'sputnik', message: text });
          assert.equal(structured_data?.['timeQuality']?.['tzKnown'], '1');
        }
        assert.equal(rest.rfc, format);
      });
    }
  }
}

for (const framing of [[], ['--octet-count']]) {
  test(`each line that \`logger -T ${framing.join('')}\` is given is a message, in order`, async () => {
    const messages = await logger(3, ['-T', ...framing], 'one\ntwo\nthree');
    assert.deepEqual(texts(messages), ['one', 'two', 'three']);
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
  assert.ok(message?.rfc === 'RFC5424');
  assert.equal(message.msg_id, 'BEEP');
  assert.deepEqual(message.structured_data, { 'orbit@57': { apogee: '939', note: 'a "b"' } });
  assert.equal('timestamp' in message || 'hostname' in message, false);
});
