import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  syslogproducer,
  syslogreceiver,
  SYSLOG_RECEIVER,
  type SyslogCounts,
  type SyslogMessage,
} from '@sputnikjs/adapter-syslog';
import {
  defineBlock,
  Sputnik,
  type BlockDefinition,
  type BlockStatus,
  type Clean,
  type Flight,
  type LandingReport,
  type Logger,
} from '@sputnikjs/core';

/** Numbers below `n` that look random, the same in every run. */
export function seeded(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

export function randomBytes(random: (n: number) => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}

/** A line that a block logged. */
export type LogLine = {
  readonly level: string;
  readonly text: string;
  readonly event?: string;
  readonly [field: string]: unknown;
};

/** Keeps what is logged. */
export class Logs {
  readonly lines: LogLine[] = [];
  readonly #watchers = new Set<() => void>();
  readonly log: Logger = {
    debug: (fields, text) => this.#add('debug', fields, text),
    info: (fields, text) => this.#add('info', fields, text),
    warn: (fields, text) => this.#add('warn', fields, text),
    error: (fields, text) => this.#add('error', fields, text),
  };

  of(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Resolves with the first line of an event, once there is one. */
  first(event: string): Promise<LogLine> {
    return new Promise((resolve) => {
      const look = (): void => {
        const [line] = this.of(event);
        if (!line) return;
        this.#watchers.delete(look);
        resolve(line);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #add(level: string, fields: object, text = ''): void {
    this.lines.push({ ...fields, level, text });
    for (const look of this.#watchers) look();
  }
}

/** Stands for the block that publishes: keeps what it is sent, holds it up while its gate is closed. */
export class Collector<M extends Clean<M>> {
  readonly messages: M[] = [];
  readonly definition: BlockDefinition;
  #open: Promise<void> | undefined;
  #letPass: () => void = () => {};
  #watchers: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(capacity = 65_536) {
    this.definition = defineBlock({
      name: 'collector',
      make: () => ({
        mailbox: { capacity },
        onMsg: (message: M) => (this.#open ? this.#open.then(() => this.#keep(message)) : this.#keep(message)),
      }),
    });
  }

  close(): void {
    this.#open = new Promise((resolve) => (this.#letPass = resolve));
  }

  open(): void {
    this.#letPass();
    this.#open = undefined;
  }

  /** Resolves with what has been kept, once it is so many. */
  async first(count: number): Promise<readonly M[]> {
    if (this.messages.length < count) await new Promise<void>((resolve) => this.#watchers.push({ count, resolve }));
    return this.messages;
  }

  #keep(message: M): void {
    this.messages.push(message);
    for (const { count, resolve } of this.#watchers) if (this.messages.length >= count) resolve();
    this.#watchers = this.#watchers.filter(({ count }) => this.messages.length < count);
  }
}

/** A satellite in flight. */
export interface Satellite {
  readonly flight: Flight;
  /** Settles as `launch` did. */
  readonly launched: Promise<LandingReport>;
  readonly logs: Logs;
  readonly port: number;
  readonly status: (responsibility: string) => BlockStatus;
  readonly counts: () => Promise<SyslogCounts>;
}

export interface SatelliteOptions {
  /** Configuration of the receiver, beside a free port where it has no listeners of its own. */
  readonly receiver?: object;
  /** Configuration of the `syslogproducer`. */
  readonly producer?: object;
  readonly landingMs?: number;
}

const askedBy = 'asker';

/** A free port, for a receiver that is not told where to listen. */
function placeOf(receiver: object): object {
  return 'listeners' in receiver || 'ADDRTCP' in receiver ? {} : { port: 0 };
}

/** Prepares the receiver with a collector in the place of `syslogproducer`, or of `producer` behind it. */
export async function prepare(
  collector: { readonly definition: BlockDefinition },
  standsFor: 'syslogproducer' | 'producer',
  { receiver = {}, producer = {}, landingMs = 25_000 }: SatelliteOptions = {},
): Promise<Omit<Satellite, 'launched'> & { readonly launch: () => Satellite }> {
  const logs = new Logs();
  let ask: (() => Promise<SyslogCounts>) | undefined;
  const asker = defineBlock({
    name: askedBy,
    needs: { receiver: SYSLOG_RECEIVER },
    make: (_, to) => {
      ask = () => to.receiver.ask({});
      return {};
    },
  });
  const config: Record<string, object> = {
    syslogreceiver: { ...placeOf(receiver), ...receiver },
    syslogproducer: producer,
  };
  const between = standsFor === 'producer' ? [{ name: 'syslogproducer' }] : [];
  const flight = await new Sputnik({
    appBlocks: [
      { name: 'collector', responsibility: standsFor },
      ...between,
      { name: 'syslogreceiver' },
      { name: askedBy },
    ],
    blockFactories: { collector: collector.definition, syslogproducer, syslogreceiver, asker },
    config: (name) => config[name],
    log: logs.log,
    timeouts: { landingMs },
  }).prepare();
  const status = (responsibility: string): BlockStatus => {
    const found = flight.status().blocks.find((block) => block.responsibility === responsibility);
    assert.ok(found, responsibility);
    return found;
  };
  const counts = async (): Promise<SyslogCounts> => {
    assert.ok(ask);
    return ask();
  };
  const prepared = { flight, logs, port: Number(logs.of('listening')[0]?.['port']), status, counts };
  return { ...prepared, launch: () => ({ ...prepared, launched: flight.launch() }) };
}

/** Prepares and launches; lands after the test. */
export async function fly<M extends Clean<M>>(
  t: TestContext,
  collector: Collector<M>,
  standsFor: 'syslogproducer' | 'producer',
  options?: SatelliteOptions,
): Promise<Satellite> {
  const satellite = (await prepare(collector, standsFor, options)).launch();
  t.after(async () => {
    collector.open();
    await satellite.flight.shootDown();
    await satellite.launched.catch(() => {});
  });
  return satellite;
}

/** A connection to a port of this machine, destroyed after the test. */
export async function dial(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the connection is gone, in whatever way. */
export function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.resume().on('close', () => resolve()));
}

/** Resolves once `holds` does, looked at in every turn of the event loop. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await turn();
}

/** The text of a message of any kind. */
export function textOf(message: SyslogMessage): string {
  if (message.rfc === undefined) return message.data;
  return message.rfc === 'RFC5424' ? message.message : message.content;
}

export function texts(messages: readonly SyslogMessage[]): string[] {
  return messages.map(textOf);
}

/** Sends datagrams, and resolves when the kernel has them. */
export async function datagrams(port: number, frames: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const frame of frames) {
    await new Promise((resolve) => socket.send(frame, port, '127.0.0.1', resolve));
  }
  socket.close();
}

/** Resolves when the socket has written nothing more for many turns of the event loop. */
export async function stalled(socket: Socket): Promise<void> {
  for (let still = 0, length = -1; still < 200; still = socket.writableLength === length ? still + 1 : 0) {
    length = socket.writableLength;
    await turn();
  }
}
