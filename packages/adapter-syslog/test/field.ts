import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, natsServer, type RealServer } from '@sputnikjs/testkit/servers';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SPUTNIK = fileURLToPath(new URL('../../sidecar/bin/sputnik.js', import.meta.url));

/** A folder that is removed with the test. Values become JSON files of their names. */
export function folder(t: TestContext, files: Record<string, unknown> = {}): string {
  // Here, so that packages are found from it.
  const path = mkdtempSync(join(HERE, 'folder-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(path, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
  return path;
}

/** Waits for what a process far away does; gives up after 30 s. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds()); await sleep(20)) assert.ok(Date.now() < end, what);
}

/** The `sputnik` command in a process of its own. */
export class Sputnik {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly ended: Promise<number | null>;

  constructor(t: TestContext, ...args: string[]) {
    const child = spawn(process.execPath, [SPUTNIK, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = child;
    createInterface(child.stdout).on('line', (line) => this.lines.push(line));
    createInterface(child.stderr).on('line', (line) => this.errors.push(line));
    this.ended = once(child, 'close').then(([code]) => code as number | null);
    t.after(async () => {
      child.kill('SIGKILL');
      await this.ended;
    });
  }

  /** The log records of an event, in order. */
  records(event: string): Record<string, unknown>[] {
    return this.lines
      .filter((line) => line.includes(`"event":"${event}"`))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The sum of the counts of an event. */
  count(event: string): number {
    return this.records(event).reduce((sum, { count }) => sum + Number(count), 0);
  }

  async logs(event: string, times = 1): Promise<void> {
    const there = (): boolean => this.records(event).length >= times;
    await eventually(there, `no ${event}: ${[...this.lines, ...this.errors].slice(-10).join('\n')}`);
  }

  /** Lands; resolves with the exit code and what the last record says. */
  async land(): Promise<{ readonly code: number | null; readonly landed: Record<string, unknown> }> {
    this.process.kill('SIGTERM');
    const code = await this.ended;
    return { code, landed: this.records('landed')[0] ?? {} };
  }
}

/** A satellite that takes syslog in front of JetStream, as `conf/nats` has it. */
export interface Scene {
  readonly server: RealServer;
  readonly satellite: Sputnik;
  /** Where it takes syslog. */
  readonly port: number;
  /** Its folder, where `unsent.ndjson` is if there is a writer. */
  readonly cf: string;
}

/** Launches it; resolves when it is connected. */
export async function launch(t: TestContext, configs: Readonly<Record<string, object>> = {}): Promise<Scene> {
  const [server, port] = [await natsServer(t), await freePort()];
  await server.start();
  const module = '@sputnikjs/adapter-syslog';
  const cf = folder(t);
  const files: Record<string, unknown> = {
    blocks: [
      { name: 'producer' },
      ...(configs['syslogwriter'] ? [{ name: 'syslogwriter', module }] : []),
      { name: 'syslogproducer', module },
      { name: 'syslogreceiver', module },
    ],
    connector: {
      module: '@sputnikjs/connector-nats',
      url: server.url,
      streams: [{ name: 'LOGS', subjects: ['syslog'], storage: 'file' }],
    },
    syslogreceiver: { port },
    ...configs,
  };
  if (configs['syslogwriter']) files['syslogwriter'] = { path: join(cf, 'unsent.ndjson'), ...configs['syslogwriter'] };
  for (const [name, value] of Object.entries(files)) writeFileSync(join(cf, `${name}.json`), JSON.stringify(value));
  const satellite = new Sputnik(t, 'run', '--cf', cf);
  await satellite.logs('connected');
  return { server, satellite, port, cf };
}

/** Takes the server away, and waits until the satellite knows. */
export async function takeAway({ server, satellite }: Scene): Promise<void> {
  await server.stop();
  await satellite.logs('disconnected');
}

/**
 * Waits until so many messages are in the stream, and gives the texts of all, as JetStream gives them to whoever asks by its protocol,
 * not by our code.
 */
export async function stored({ port }: RealServer, atLeast: number): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  let answers = '';
  socket.on('data', (chunk: Buffer) => (answers += chunk.toString('latin1')));
  await once(socket, 'connect');
  const ask = async (what: string, questions: readonly string[]): Promise<readonly unknown[]> => {
    answers = '';
    for (const question of questions)
      socket.write(`PUB $JS.API.STREAM.${what}.LOGS ask.1 ${question.length}\r\n${question}\r\n`);
    const replies = (): readonly string[] => answers.match(/^\{.*\}\r$/gm) ?? [];
    await eventually(() => replies().length === questions.length, `JetStream does not answer ${what}`);
    return replies().map((reply) => JSON.parse(reply) as unknown);
  };
  try {
    socket.write('CONNECT {"verbose":false}\r\nSUB ask.1 1\r\n');
    let count = 0;
    const isThere = async (): Promise<boolean> => {
      const [info] = await ask('INFO', ['']);
      count = (info as { state?: { messages: number } }).state?.messages ?? 0;
      return count >= atLeast;
    };
    await eventually(isThere, `fewer than ${atLeast} messages are in the stream`);
    const all = await ask(
      'MSG.GET',
      Array.from({ length: count }, (_, i) => JSON.stringify({ seq: i + 1 })),
    );
    return all.map((reply) => textIn(reply as Stored));
  } finally {
    socket.destroy();
  }
}

interface Stored {
  readonly message: { readonly data: string };
}

function textIn({ message }: Stored): string {
  const parsed = JSON.parse(Buffer.from(message.data, 'base64').toString()) as Record<string, unknown>;
  return String(parsed['content'] ?? parsed['message'] ?? parsed['data']);
}
