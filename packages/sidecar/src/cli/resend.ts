import {
  defineBlock,
  SputnikError,
  type BlockCommunicator,
  type BlockContext,
  type BlockDefinition,
} from '@sputnikjs/core';
import { z } from 'zod';
import { PRODUCER, type ProduceMessage, type ProduceResult } from '@sputnikjs/messaging';
import { EXIT, exitCodeOfError, exitCodeOfReport, linesOf } from '../run/exit-code.js';
import { createLog } from '../log/logs.js';
import { usable } from '../folder/problems.js';
import type { Reader } from '../folder/reader.js';
import { fly } from '../run/runner.js';
import { setUp, type Setup } from '../folder/setup.js';
import { chain } from '../text.js';
import { UnsentFile, type Line } from './unsent-file.js';
import { readUnsent, refusedLine, type UnsentMessage } from './unsent-line.js';

const NAME = 'resend';
/** Messages, and bytes of them, under way at most. */
const [MOST_UNDER_WAY, MOST_BYTES] = [256, 16 * 1024 * 1024];
/** Of so many damaged lines each is named. */
const MOST_NAMED = 5;
/** Node's timers reach no further: an outage may last. */
const LONGEST_MS = 2 ** 31 - 1;

/** What is sent again, and by which folder. */
export interface ResendOptions {
  readonly cf: string;
  readonly file: string;
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
}

/** What has become of lines. */
interface Counts {
  sent: number;
  refused: number;
  damaged: number;
  unsent: number;
}

/**
 * The command `sputnik resend`: sends the messages in a file of `syslogwriter`, with the connector and the block `producer` of a folder, and
 * removes those that the server has taken. Resolves with the exit code: 0 if no message stays, 1 if some do, 78 for a bad configuration.
 * Never rejects.
 */
export async function resend({ file, ...options }: ResendOptions): Promise<number> {
  const failed = (error: unknown): number => {
    for (const line of linesOf(error)) process.stderr.write(`${line}\n`);
    return exitCodeOfError(error) || EXIT.failure;
  };
  let unsent: UnsentFile | undefined;
  try {
    const setup = usable(await setUp(options));
    const producer = producerIn(setup, options.cf);
    unsent = await UnsentFile.open(file);
    // its outcome is a line of the log
    const log = await createLog(setup.settings.logLevel === 'debug' ? 'debug' : 'info');
    const resending = new Resending(unsent, producer);
    let code: number = EXIT.clean;
    const part = {
      ...partOf(setup, producer, resending.block()),
      settings: { ...setup.settings, landing: { delayMs: 0 } },
    };
    try {
      const runner = await fly(part, { log }, 'ours');
      code = exitCodeOfReport(await runner.wait());
    } catch (error) {
      code = failed(error);
    }
    try {
      await resending.finish();
    } catch (error) {
      code = failed(error);
    }
    const { sent, refused, damaged, unsent: notSent } = resending.counts;
    const stay = refused + damaged + notSent;
    const text = `${file}: ${sent} sent, ${refused} refused, ${damaged} damaged, ${notSent} not sent`;
    log[stay === 0 ? 'info' : 'warn']({ event: 'resent', file, ...resending.counts }, text);
    return code === EXIT.clean && stay > 0 ? EXIT.failure : code;
  } catch (error) {
    return failed(error);
  } finally {
    await unsent?.close();
  }
}

/** The address of the folder's producer. Throws BAD_CONFIG if there is none, or no server. */
function producerIn({ sputnik, connector }: Setup, folder: string): string {
  const { appBlocks } = sputnik;
  const isProducer = (by: 'name' | 'responsibility') => (entry: (typeof appBlocks)[number]) => entry[by] === PRODUCER;
  const found = appBlocks.find(isProducer('responsibility')) ?? appBlocks.find(isProducer('name'));
  const problems = [
    ...(found ? [] : [`${folder}: has no block "producer", which sends the messages; list it in blocks.json`]),
    ...(connector ? [] : [`${folder}: has no server to send to; configure one in connector.json`]),
  ];
  if (!found || problems.length > 0) {
    throw new SputnikError('BAD_CONFIG', 'this folder cannot send messages', { problems });
  }
  return found.responsibility ?? found.name;
}

/** Of the folder only the server and its producer, and the block that reads the file. */
function partOf(setup: Setup, producer: string, block: BlockDefinition): Setup {
  const { appBlocks, blockFactories } = setup.sputnik;
  const own = appBlocks.filter(({ name, responsibility = name }) => responsibility === producer);
  return {
    ...setup,
    nested: new Map(),
    sputnik: {
      ...setup.sputnik,
      appBlocks: [...own, { name: NAME, needs: { producer } }],
      blockFactories: { ...blockFactories, [NAME]: block },
    },
  };
}

/** A line on its way, in the order of the file. */
interface Entry {
  readonly line: Line;
  readonly message: UnsentMessage | undefined;
  /** Undefined as long as the server has it to do. */
  outcome: 'sent' | 'damaged' | 'unsent' | { readonly reason: string } | undefined;
  readonly problem?: string;
}

/** Sends the lines of a file in their order, a bounded number at once, and tells the file what has become of each. */
class Resending {
  readonly counts: Counts = { sent: 0, refused: 0, damaged: 0, unsent: 0 };
  readonly #file: UnsentFile;
  readonly #producerName: string;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #most = MOST_UNDER_WAY;
  #stay = 0;
  #running: Promise<void> | undefined;
  #ctx: BlockContext | undefined;
  /** How often something has happened that is waited for: an answer, the landing. */
  #changes = 0;
  #waiting: (() => void)[] = [];

  constructor(file: UnsentFile, producerName: string) {
    this.#file = file;
    this.#producerName = producerName;
  }

  block(): BlockDefinition {
    return defineBlock({
      name: NAME,
      needs: { producer: PRODUCER },
      make: (_config, { producer }, ctx) => {
        this.#ctx = ctx;
        return {
          init: async (config) => {
            // what is under way and what waits there: it refuses none of so many
            const { capacity } = await config(this.#producerName, z.looseObject({ capacity: z.number().optional() }));
            this.#most = Math.min(capacity ?? MOST_UNDER_WAY, MOST_UNDER_WAY);
            ctx.landing.addEventListener('abort', () => this.#wake(), { once: true });
          },
          run: () => (this.#running = this.#run(producer, ctx)),
          // what the server has been given is waited for
          onLanding: async () => {
            while (this.#entries.some(({ outcome }) => outcome === undefined)) await this.#change(this.#changes);
          },
        };
      },
    });
  }

  /** When the flight is over: what was not sent stays. */
  async finish(): Promise<void> {
    await this.#running?.catch(() => {});
    for (const entry of this.#entries) entry.outcome ??= 'unsent';
    await this.#settle();
    this.counts.unsent += await this.#file.finish();
  }

  async #run(producer: BlockCommunicator<ProduceMessage, ProduceResult | void>, ctx: BlockContext): Promise<void> {
    const { landing } = ctx;
    let ended = false;
    while (!landing.aborted) {
      const changes = this.#changes;
      await this.#settle();
      const isEmpty = this.#entries.length === 0;
      if (ended && isEmpty) break;
      const isFull = this.#entries.length >= this.#most || this.#bytes >= MOST_BYTES;
      const isDue = !ended && this.#file.isDue;
      if (isDue && isEmpty) await this.#save(ctx);
      else if (isFull || isDue || ended) await this.#change(changes);
      else {
        const line = await this.#file.next();
        if (line === undefined) ended = true;
        else this.#begin(line, producer, ctx);
      }
    }
    ctx.land('the file has been read to its end');
  }

  async #save({ log }: BlockContext): Promise<void> {
    await this.#file.save();
    const { sent, refused, damaged } = this.counts;
    log.info({ event: 'resending', sent, refused, damaged }, `${sent} messages are sent and removed from the file`);
  }

  #begin(line: Line, producer: BlockCommunicator<ProduceMessage, ProduceResult | void>, ctx: BlockContext): void {
    const found = line.bytes === undefined ? 'it is too long' : readUnsent(line.bytes);
    if (typeof found === 'string') {
      this.#entries.push({ line, message: undefined, outcome: 'damaged', problem: found });
      return;
    }
    const entry: Entry = { line, message: found, outcome: undefined };
    this.#entries.push(entry);
    this.#bytes += line.size;
    const { target, payload } = found;
    const settled = (outcome: Entry['outcome']): void => {
      entry.outcome = outcome;
      this.#wake();
    };
    producer
      .ask({ target, payload, contentType: 'application/json' }, { timeoutMs: LONGEST_MS, signal: ctx.signal })
      .then(
        () => settled('sent'),
        (error: unknown) => settled(outcomeOf(error, ctx)),
      );
  }

  /** Resolves when there have been more changes than so many. */
  async #change(since: number): Promise<void> {
    while (this.#changes === since) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    this.#changes++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Tells the file of the first lines in a row that have their outcome. */
  async #settle(): Promise<void> {
    for (let entry = this.#entries[0]; entry?.outcome !== undefined; entry = this.#entries[0]) {
      await this.#tell(entry);
      this.#entries.shift();
      if (entry.message) this.#bytes -= entry.line.size;
    }
  }

  async #tell({ line, message, outcome, problem }: Entry): Promise<void> {
    if (outcome === 'sent') {
      this.#file.remove(line);
      this.counts.sent++;
      return;
    }
    this.#stay++;
    if (typeof outcome === 'object' && message) {
      await this.#file.replace(refusedLine(message, outcome.reason));
      this.counts.refused++;
      const text = `the server refuses messages for "${message.target}": ${outcome.reason}`;
      this.#ctx?.log.warn({ event: 'refused', target: message.target, line: line.number }, text);
      return;
    }
    await this.#file.keep(line);
    this.counts[outcome === 'damaged' ? 'damaged' : 'unsent']++;
    if (outcome !== 'damaged' || this.counts.damaged > MOST_NAMED) return;
    const text = `line ${line.number} cannot be sent: ${problem}. It stays in the file, as line ${this.#stay}`;
    const fields = { event: 'damagedLine', line: line.number, staysAs: this.#stay };
    // each of these few is written
    this.#ctx?.log.warn({ ...fields, count: 1 }, text);
  }
}

/** The server's refusal of a message; or `unsent`, if there was no answer and none is to come. */
function outcomeOf(error: unknown, { landing }: BlockContext): Entry['outcome'] {
  if (!(error instanceof SputnikError) || error.code !== 'ASK_FAILED') return 'unsent';
  const { cause } = error;
  const isAway = cause instanceof SputnikError && (cause.code === 'CONNECTION_LOST' || cause.code === 'SERVER_FULL');
  const hasGivenUp = cause instanceof Error && cause.name === 'AbortError';
  return landing.aborted && (isAway || hasGivenUp) ? 'unsent' : { reason: chain(cause) };
}
