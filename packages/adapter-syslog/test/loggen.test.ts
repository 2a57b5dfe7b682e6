import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { authority, certificate, temporaryFolder } from './certificates.js';
import { program } from './program.js';
import { Collector, fly, textOf, until } from './support.js';

const folder = temporaryFolder({ after });
const server = certificate(folder, 'server', authority(folder, 'ca'));
const path = join(folder, 'log');
// It never reads, so by TLS 1.3 its end would be lost.
const place = { udp: {}, tcp: {}, tls: { ...server, maxTlsVersion: 'TLSv1.2' }, unix: { path } };

const ADDRESS = ['127.0.0.1'];

for (const [transport, args, rfc, count] of [
  ['tcp', '-i -S', 'RFC3164', 10_000],
  ['tcp', '-i -S -P', 'RFC5424', 10_000],
  ['tcp', '-i -S -P -F --active-connections=4', 'RFC5424', 5_000],
  ['tls', '-U', 'RFC3164', 5_000],
  ['tls', '-U -P', 'RFC5424', 5_000],
  ['unix', '-x -S', 'RFC3164', 5_000],
  ['udp', '-i -D', 'RFC3164', 2_000],
] as const) {
  test(`all that loggen ${args} sends arrives, in order (${transport})`, async (t) => {
    const collector = new Collector<SyslogMessage>(64);
    const listener = { transport, ...(transport !== 'unix' && { port: 0 }), ...place[transport] };
    const { port, flight } = await fly(t, collector, 'syslogproducer', { receiver: { listeners: [listener] } });
    // Rates are by connection. A stream is pushed back; datagrams must not come faster than they are taken.
    const rate = transport === 'udp' ? '2000' : '1000000';
    const to = transport === 'unix' ? [path] : [...ADDRESS, `${port}`];
    const loggen = program(t, 'loggen', [...args.split(' '), '-Q', '-n', `${count}`, '-r', rate, '-s', '200', ...to]);
    const { code, output } = await loggen.ended;
    assert.equal(code, 0, output);
    const senders = args.includes('=4') ? 4 : 1;
    await until(() => collector.messages.length >= count * senders);
    await flight.shootDown();
    const sent = new Map<string, number[]>();
    for (const message of collector.messages) {
      assert.equal(message.rfc, rfc);
      const [, number, thread = ''] = /seq: (\d+), thread: (\d+)/.exec(textOf(message)) ?? [];
      sent.set(thread, [...(sent.get(thread) ?? []), Number(number)]);
    }
    assert.equal(sent.size, senders);
    for (const numbers of sent.values())
      assert.deepEqual(
        numbers,
        Array.from({ length: count }, (_, n) => n),
      );
  });
}
