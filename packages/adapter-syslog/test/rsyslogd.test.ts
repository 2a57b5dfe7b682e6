import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { authority, certificate, temporaryFolder } from './certificates.js';
import { program } from './program.js';
import { Collector, fly, texts, until } from './support.js';

const folder = temporaryFolder({ after });
const ca = authority(folder, 'ca');
const server = certificate(folder, 'server', ca);
const client = certificate(folder, 'client', ca);
const COUNT = 1_000;

/** An rsyslogd that forwards what comes at its socket. */
function forwards(home: string, port: number, options: Readonly<Record<string, string>>): string {
  const tls = { Ca: ca.certFile, Cert: client.certFile, Key: client.keyFile };
  const files = Object.entries(tls).map(([name, path]) => `DefaultNetstreamDriver${name}File="${path}"`);
  const action = Object.entries({ type: 'omfwd', target: '127.0.0.1', port: `${port}`, protocol: 'tcp', ...options });
  return `
global(workDirectory="${home}" ${files.join(' ')})
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${join(home, 'in')}")
action(${action.map(([key, value]) => `${key}="${value}"`).join(' ')})
`;
}

const TLS = {
  StreamDriver: 'gtls',
  StreamDriverMode: '1',
  StreamDriverAuthMode: 'x509/name',
  StreamDriverPermittedPeers: 'localhost',
};

for (const transport of ['tcp', 'tls'] as const) {
  for (const framing of ['octet-counted', 'traditional']) {
    for (const [template, rfc] of [
      ['RSYSLOG_SyslogProtocol23Format', 'RFC5424'],
      ['RSYSLOG_TraditionalForwardFormat', 'RFC3164'],
    ] as const) {
      test(`all that rsyslogd forwards by ${transport.toUpperCase()} arrives, in order (${framing}, ${rfc})`, async (t) => {
        const home = temporaryFolder(t);
        const collector = new Collector<SyslogMessage>();
        const listener = transport === 'tls' ? { ...server, caFile: ca.certFile } : {};
        const receiver = { listeners: [{ transport, port: 0, ...listener }] };
        const { port, counts, flight } = await fly(t, collector, 'syslogproducer', { receiver });
        const [conf, input] = [join(home, 'rsyslog.conf'), join(home, 'in')];
        writeFileSync(conf, forwards(home, port, { TCP_Framing: framing, template, ...(transport === 'tls' && TLS) }));
        const rsyslogd = program(t, 'rsyslogd', ['-n', '-f', conf, '-i', join(home, 'pid')]);
        await until(() => existsSync(input));
        const lines = Array.from({ length: COUNT }, (_, n) => `line ${n}`);
        writeFileSync(join(home, 'lines'), lines.join('\n'));
        const logger = program(t, 'logger', ['-u', input, '-t', 'app', '-f', join(home, 'lines')]);
        assert.equal((await logger.ended).code, 0);
        await until(() => ours(collector).length >= COUNT);
        // In the format of RFC 5424 it sends the blank after the tag, too.
        assert.deepEqual(
          texts(ours(collector)).map((text) => text.trim()),
          lines,
        );
        for (const message of ours(collector)) assert.equal(message.rfc, rfc);
        rsyslogd.signal('SIGTERM');
        assert.equal((await rsyslogd.ended).code, 0);
        const { framesBroken, framesRefused, framesTruncated, handshakesFailed } = await counts();
        assert.deepEqual([framesBroken, framesRefused, framesTruncated, handshakesFailed], [0, 0, 0, 0]);
        await flight.shootDown();
      });
    }
  }
}

/** Without what rsyslogd has to say of itself. */
function ours({ messages }: Collector<SyslogMessage>): SyslogMessage[] {
  return messages.filter(
    (message) =>
      (message.rfc === 'RFC5424' && message.app_name === 'app') || (message.rfc === 'RFC3164' && message.tag === 'app'),
  );
}
