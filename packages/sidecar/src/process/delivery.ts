import type { BlockStatus, Clock, LandingReport, Logger, MessageObserver } from '@sputnikjs/core';
import type { FoundPeer } from '@sputnikjs/messaging';
import { Outbox } from '../remote/outbox.js';
import type { Item } from '../remote/wire.js';
import type { Hearing } from '../satellite/assembly.js';
import type { Level } from '../satellite/level.js';
import { levelOf } from '../remote/level-of.js';
import type { Part } from '../folder/parts.js';
import type { SatelliteSetup } from '../folder/setup.js';
import { fullAddress } from '../folder/address-book.js';
import { VERSION } from '../own-files.js';
import { FORMAT } from './format.js';
import { Talk } from './talk.js';

/** As many instances in another format are remembered as told of: more than there are processes. */
const MOST_TOLD = 2_048;

/** How packets get to others while there is a connection. */
export interface Post {
  readonly mostBytes: number;
  send(to: string, session: string, packet: Uint8Array): void;
}

/** What a delivery is made of. */
export interface DeliveryOptions {
  readonly part: Part<SatelliteSetup>;
  /** The blocks of the part that take messages. */
  readonly blocks: readonly Hearing[];
  /** Which process it is that sends. */
  readonly self: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly observer: MessageObserver | undefined;
  /** An instance that is silent for so long, in milliseconds, is gone. */
  readonly silentMs: number;
  /** Makes the name of a session. */
  readonly nameSession: () => string;
  /** How packets go now; undefined without a connection. */
  readonly post: () => Post | undefined;
  /** There is no instance any more: look for one. */
  readonly search: () => void;
}

/** Keeps messages for the blocks of a part that is in other processes, and delivers them to one instance of it until that is gone. */
export class Delivery {
  readonly #of: DeliveryOptions;
  readonly #outbox: Outbox;
  readonly level: Level;
  /** Those that were found last. */
  #found: readonly FoundPeer[] = [];
  /** Those of them that write messages in another format. */
  #strangers: readonly FoundPeer[] = [];
  /** The ids of strangers that the log has told of, the oldest first. */
  readonly #told = new Set<string>();
  #instance: FoundPeer | undefined;
  #talk: Talk | undefined;
  #isLeaving = false;

  private constructor(of: DeliveryOptions, outbox: Outbox) {
    this.#of = of;
    this.#outbox = outbox;
    this.level = levelOf(of.part.setup, outbox);
  }

  static async for(options: DeliveryOptions): Promise<Delivery> {
    const { blocks, log, observer } = options;
    const isReachable = (): boolean => delivery.isReachable;
    const outbox = await Outbox.for(blocks, { base: '', log, observer, isReachable });
    const delivery: Delivery = new Delivery(options, outbox);
    return delivery;
  }

  /** The path of the part. */
  get path(): string {
    return this.#of.part.path;
  }

  /** An instance takes messages. */
  get isReachable(): boolean {
    return this.#talk !== undefined && !this.#isLeaving && this.#of.post() !== undefined;
  }

  /** It has to be looked for. */
  get isSought(): boolean {
    return this.#talk === undefined && this.#of.blocks.length > 0;
  }

  /** How many processes run the part. */
  get instances(): number {
    return this.#found.length;
  }

  /** These are the instances that are there. */
  offer(found: readonly FoundPeer[]): void {
    const own = found.filter(({ satellite }) => satellite === this.path);
    // guard: what would not be understood is not sent
    this.#found = own.filter(({ format }) => format === FORMAT);
    this.#strangers = own.filter((one) => !this.#found.includes(one));
    for (const one of this.#strangers) this.#tell(one);
    // guard: one instance has all messages until it is gone, so that they keep their order
    if (!this.isSought) return;
    const chosen = this.#found[Math.floor(Math.random() * this.#found.length)];
    if (chosen) this.#begin(chosen);
  }

  /** How many processes run it that write messages in another format. */
  get incompatible(): number {
    return this.#strangers.length;
  }

  /** Why no messages go there although processes run it. */
  get problem(): string | undefined {
    const [one] = this.#strangers;
    return this.#found.length > 0 || one === undefined ? undefined : incompatible(this.path, one);
  }

  #tell(stranger: FoundPeer): void {
    if (this.#told.has(stranger.id)) return;
    this.#told.add(stranger.id);
    const [oldest = ''] = this.#told;
    // guard: the ids of strangers do not fill the memory
    if (this.#told.size > MOST_TOLD) this.#told.delete(oldest);
    const { id, version, format } = stranger;
    const fields = { event: 'partIncompatible', satellite: this.path, instance: id, version, format, own: FORMAT };
    this.#of.log.error(fields, incompatible(this.path, stranger));
  }

  #begin(instance: FoundPeer): void {
    const { self, clock, nameSession, post, log } = this.#of;
    const mostBytes = post()?.mostBytes;
    if (mostBytes === undefined) return;
    const session = nameSession();
    this.#instance = instance;
    this.#isLeaving = false;
    const talk = new Talk({
      way: { session, mostBytes, send: (packet) => post()?.send(instance.address, session, packet) },
      clock,
      receiver: {
        way: () => {},
        message: () => {},
        answer: (number, value) => this.#outbox.answer(number, value),
        settled: (first, last) => this.#outbox.settled(first, last),
        take: (item) => this.#take(item),
      },
      unsendable: (number, error) => this.#outbox.failed(number, error),
      broken: (reason) => this.#lose(reason),
    });
    this.#talk = talk;
    talk.link.post(['hello', self]);
    talk.link.flush();
    const count = this.#outbox.open(talk.link);
    const fields = { event: 'partReachable', satellite: this.path, instance: instance.id, redelivered: count };
    const again = count === 0 ? '' : `; ${count} messages that an earlier instance had not handled are sent again`;
    log.info(fields, `${nameOf(this.path)} is reachable: instance ${instance.id}${again}`);
  }

  #take(item: Item): void {
    if (this.#outbox.take(item)) return;
    switch (item[0]) {
      case 'leaving':
        this.#isLeaving = true;
        this.#outbox.pause();
        return this.#outbox.refuseQuestions();
      case 'left':
        this.#outbox.landed(item[1]);
        return this.#lose('it has landed');
    }
  }

  /** What has come in one of its sessions. False if it is of another. */
  packet(session: string, bytes: Uint8Array): boolean {
    if (this.#talk?.session !== session) return false;
    this.#talk.take(bytes);
    return true;
  }

  /** A packet of a session has reached nobody. */
  unreachable(session: string): void {
    if (this.#talk?.session === session) this.#lose('its process has ended');
  }

  /** Looks after its session, once in a while. */
  check(): void {
    const silentMs = this.#talk?.silentMs ?? 0;
    if (silentMs > this.#of.silentMs) this.#lose(`it has sent nothing for ${(silentMs / 1000).toFixed(1)} s`);
    else this.#talk?.ping();
  }

  /** There is a connection again, on which a packet may have so many bytes. */
  resume(mostBytes: number): void {
    // guard: packets that the server would refuse are not sent again; a new session makes smaller ones
    if (this.#talk && this.#talk.mostBytes > mostBytes) this.#lose('the server takes smaller packets than before');
    else this.#talk?.resume();
  }

  /** There is none. */
  suspend(): void {
    this.#found = [];
    this.#strangers = [];
    this.#outbox.refuseQuestions();
  }

  #lose(reason: string): void {
    const { log, search } = this.#of;
    if (this.#talk === undefined) return;
    this.#talk.close();
    this.#talk = undefined;
    // guard: what an instance that is gone has not handled goes to the next one
    this.#outbox.shut();
    this.#outbox.refuseQuestions();
    const fields = { event: 'partUnreachable', satellite: this.path, instance: this.#instance?.id, reason };
    log.warn(fields, `${nameOf(this.path)} is unreachable, instance ${this.#instance?.id}: ${reason}; messages wait`);
    this.#found = this.#found.filter(({ id }) => id !== this.#instance?.id);
    search();
  }

  get isIdle(): boolean {
    return this.#outbox.isIdle;
  }

  idle(): Promise<void> {
    return this.#outbox.idle();
  }

  /** Its blocks, with what waits for them here; by their addresses in the outermost satellite. */
  blocks(): readonly BlockStatus[] {
    const own = new Map(this.#outbox.blocks.map((block) => [block.responsibility, block]));
    return this.#of.blocks.flatMap((place) => {
      const responsibility = fullAddress(place);
      const block = own.get(responsibility);
      return block ? [{ ...block, name: place.name, responsibility }] : [];
    });
  }

  /** Nobody here sends any more: what waits is delivered within the time, or dropped. */
  async close(withinMs: number): Promise<LandingReport> {
    const report = await this.#outbox.close(withinMs);
    this.#talk?.close();
    this.#talk = undefined;
    return report;
  }
}

/** That no messages go to an instance of a part, and what to do. */
function incompatible(path: string, { version, format }: FoundPeer): string {
  const [theirs, ours] = [
    `${version || 'of unknown version'} (format ${format || 'unknown'})`,
    `${VERSION} (format ${FORMAT})`,
  ];
  return `${nameOf(path)} runs Sputnik ${theirs}, and this process ${ours}: they do not understand each other, and messages wait; run the same version of Sputnik and Node in both`;
}

/** What a part is called in texts. */
function nameOf(path: string): string {
  return path === '' ? 'the outermost satellite' : `satellite ${path}`;
}
