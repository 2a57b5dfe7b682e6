import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { natsServer, type RealServer } from '@sputnikjs/testkit/servers';
import { folder, Program } from './support.js';

const ADAPTER = fileURLToPath(new URL('../bin/protocol-adapter.js', import.meta.url));

/** `protocol-adapter resend`, as people run it. */
export class Resend extends Program {
  constructor(t: TestContext, cf: string, file: string) {
    super(t, process.execPath, [ADAPTER, 'resend', '--cf', cf, file]);
  }

  records(event: string): Record<string, unknown>[] {
    return this.lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((record) => record['event'] === event);
  }

  async logs(event: string): Promise<void> {
    await this.until(() => this.lines.some((line) => line.includes(`"event":"${event}"`)), event);
  }

  /** The exit code and the counts of the last line. */
  async result(): Promise<readonly unknown[]> {
    const { code } = await this.ended;
    const [{ sent, refused, damaged, unsent } = {}] = this.records('resent');
    return [code, { sent, refused, damaged, unsent }];
  }
}

/** A folder for a server, whose own listener is not started, and a file of lines. */
export function setUp(t: TestContext, server: RealServer, lines: readonly string[]): { cf: string; file: string } {
  const cf = folder(t, {
    'blocks.json': [
      { name: 'producer' },
      { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
      { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
    ],
    'producer.json': { capacity: 100, concurrency: 50 },
    // privileged, or taken by the satellite that runs: never bound
    'syslogreceiver.json': { host: '192.0.2.1', port: 1 },
    'sputnik.json': { logLevel: 'error', landing: { delayMs: 60_000 } },
    'connector.json': {
      module: '@sputnikjs/connector-nats',
      url: server.url,
      streams: [{ name: 'S', subjects: ['syslog.>'], storage: 'memory' }],
    },
  });
  const file = join(cf, 'unsent.sent-again');
  writeFileSync(file, lines.join(''));
  return { cf, file };
}

export function line(message: string, target = 'syslog.a'): string {
  return `{"written_at":"2026-11-29T00:00:00.000Z","target":"${target}","reason":"the server is away","message":${message}}\n`;
}

/** No parser and printer gives these back as they are. */
export const message = (n: number): string =>
  `{"n": ${n}.0, "message":"\\u0041 \\"}, \\\\",  "big":12345678901234567890,"umlaut":"ä"}`;
export const numberOf = (text: string): number => (JSON.parse(text) as { n: number }).n;

/** What the stream has, in order. */
export async function stored(t: TestContext, { url }: RealServer): Promise<string[]> {
  const client = await connect({ servers: url });
  t.after(() => client.close());
  const js = jetstream(client);
  const { state } = await (await (await js.jetstreamManager()).streams.get('S')).info();
  const texts: string[] = [];
  if (state.messages === 0) return texts;
  const consumer = await js.consumers.get('S', { deliver_policy: DeliverPolicy.All });
  for await (const one of await consumer.consume()) {
    texts.push(one.string());
    if (texts.length === state.messages) break;
  }
  return texts;
}

/** Kills the command so many times, each so many milliseconds after it has taken what was sent out of the file; lets the next one end. */
export async function killInTheMiddle(t: TestContext, count: number, moments: readonly number[]): Promise<void> {
  const server = await natsServer(t);
  await server.start();
  const { cf, file } = setUp(
    t,
    server,
    Array.from({ length: count }, (_, n) => line(message(n))),
  );
  for (const moment of moments) {
    const killed = new Resend(t, cf, file);
    await killed.logs('resending');
    await sleep(moment);
    killed.process.kill('SIGKILL');
    await killed.ended;
  }
  const [code, counts] = await new Resend(t, cf, file).result();
  assert.equal(code, 0);
  const { sent } = counts as { sent: number };
  assert.ok(sent > 0 && sent <= count - 10_000 * moments.length, `${sent} again: not all of them`);
  const numbers = (await stored(t, server)).map(numberOf);
  assert.equal(new Set(numbers).size, count, 'none is lost');
  t.diagnostic(`${numbers.length - count} of ${count} came twice`);
}
