import type { BlockCommunicator, BlockContext, SputnikError } from '@sputnikjs/core';
import { Fifo } from '@sputnikjs/messaging/connector';
import type { SyslogMessage } from '../parse/message.js';
import { Turn } from './turn.js';

/** So many messages of connections, or bytes, are sent before one is a question, which the publisher answers when it has room for more. */
const MESSAGES = 256;
const BYTES = 262_144;
/** Most datagrams that wait for their turn, or for room in a full mailbox, and most bytes of them. */
const DATAGRAMS = 1024;
const DATAGRAM_BYTES = 4_194_304;
/** While datagrams keep coming, they are taken off the socket for so many turns of the event loop, or until so many wait; then they are read. */
const GATHER_TURNS = 8;
const GATHER = 256;
/** Bytes of datagrams that are read in one turn of the event loop. */
const BYTES_A_TURN = 131_072;

/** Where messages come from; hears of each that is lost. */
export interface Sender {
  lose(why: string, fields?: object): void;
}

const NOBODY = 'their receiver has ended';

/** A datagram. Its octets take less memory than what is made of them, so it is read when its turn has come. */
export interface Datagram {
  readonly bytes: number;
  readonly sender: Sender;
  /** Undefined if it is no message that is wanted. */
  read(): SyslogMessage | undefined;
}

/**
 * Passes the messages of all listeners of a receiver to its publisher. Every so often it asks with a message of a connection, and until the
 * answer comes all connections wait. So the publisher pushes back senders that can wait, and keeps its mailbox free for datagrams. If the
 * mailbox is full nevertheless, datagrams and connections take turns in waiting for room, in one place of its queue. Datagrams
 * are read together, in the first turn of the event loop in which none comes, or a few turns later, and only so many in one turn that there is
 * time for others; connections leave it at their questions.
 */
export class Dispatcher {
  readonly #publisher: BlockCommunicator<SyslogMessage>;
  readonly #ctx: BlockContext;
  readonly #datagrams = new Fifo<Datagram>();
  readonly #connections = new Fifo<() => void>();
  #datagramBytes = 0;
  /** Datagrams have come since the last turn. */
  #areComing = false;
  #gatheredTurns = 0;
  readonly #turn = new Turn(BYTES_A_TURN, () => this.#nextTurn());
  #messages = 0;
  #bytes = 0;
  /** A question has not been answered. */
  #asking = false;
  /** Number of messages that wait for room in the mailbox. */
  #posting = 0;
  #datagramWasLast = false;
  #isOver = false;
  #tellIdle: (() => void) | undefined;

  constructor(publisher: BlockCommunicator<SyslogMessage>, ctx: BlockContext) {
    this.#publisher = publisher;
    this.#ctx = ctx;
    ctx.signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** True once there will be no more room: messages not passed on yet are lost. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** False while connections have to wait for their turn. */
  get isFree(): boolean {
    return !this.#asking && this.#posting === 0 && !this.#isOver;
  }

  /** Accepts a message of a connection, which has made sure that it {@link isFree}. */
  take(message: SyslogMessage, bytes: number, sender: Sender): void {
    this.#bytes += bytes;
    // guard: datagrams find room in the mailbox while connections wait
    if (++this.#messages >= MESSAGES || this.#bytes >= BYTES) void this.#ask(message, sender);
    else if (!this.#publisher.send(message)) void this.#post(message, sender);
  }

  /** Calls `turn` when it is the connection's turn, or when there will be none. */
  wait(turn: () => void): void {
    this.#connections.push(turn);
  }

  /**
   * Accepts a datagram; it is read in one of the next turns of the event loop, together with all that have come until then: one read of the socket
   * brings no more than 32, and what follows costs less for many at once. If too many wait, the oldest are lost.
   */
  offerDatagram(datagram: Datagram): void {
    if (this.#isOver) return datagram.sender.lose(NOBODY);
    this.#datagrams.push(datagram);
    this.#datagramBytes += datagram.bytes;
    // guard: datagrams that wait are bounded in messages and bytes
    while (this.#datagrams.size > DATAGRAMS || this.#datagramBytes > DATAGRAM_BYTES)
      this.#oldest()?.sender.lose(this.#tooSlow);
    this.#areComing = true;
    this.#turn.soon();
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#posting > 0 || this.#datagrams.size > 0 || (this.#asking && !this.#isOver))
      await new Promise<void>((resolve) => (this.#tellIdle = resolve));
  }

  get #tooSlow(): string {
    if (this.#posting === 0) return 'they arrive faster than they can be read';
    return `block "${this.#publisher.descriptor.responsibility}" takes them too slowly, or not at all`;
  }

  async #ask(message: SyslogMessage, sender: Sender): Promise<void> {
    this.#asking = true;
    this.#messages = this.#bytes = 0;
    try {
      await this.#publisher.ask(message, { timeoutMs: Infinity });
    } catch (error) {
      const { code, cause } = error as SputnikError;
      if (code === 'ASK_REFUSED') {
        sender.lose(NOBODY);
        this.#end();
      }
      // Only the asker hears of this; anything else that may happen to a message is in the publisher's counts.
      if (code === 'ASK_FAILED') sender.lose('the block that takes them failed', { error: cause });
    }
    this.#asking = false;
    this.#goOn();
  }

  async #post(message: SyslogMessage, sender: Sender): Promise<void> {
    this.#posting++;
    const { signal } = this.#ctx;
    const taken = await this.#publisher.post(message, { signal }).catch(() => false);
    this.#posting--;
    if (!taken) {
      sender.lose(NOBODY);
      this.#end();
    }
    this.#goOn();
  }

  #nextTurn(): void {
    const isGathering = this.#areComing && this.#datagrams.size < GATHER && this.#gatheredTurns < GATHER_TURNS;
    this.#areComing = false;
    this.#gatheredTurns = isGathering ? this.#gatheredTurns + 1 : 0;
    if (isGathering) this.#turn.soon();
    else this.#goOn();
  }

  /** Lets datagrams and connections that wait go on, in turn. */
  #goOn(): void {
    while (this.#posting === 0) {
      // guard: datagrams that the publisher has no room for wait in turn with connections
      const isDatagrams = this.#mayRead && !(this.#datagramWasLast && this.#mayConnect);
      if (!isDatagrams && !this.#mayConnect) break;
      this.#datagramWasLast = isDatagrams;
      if (isDatagrams) this.#read(this.#oldest() as Datagram);
      else this.#connections.shift()?.();
    }
    if (this.#posting === 0) this.#tellIdle?.();
  }

  get #mayRead(): boolean {
    // guard: datagrams leave time to others
    return this.#datagrams.size > 0 && !this.#turn.isOver;
  }

  get #mayConnect(): boolean {
    return this.isFree && this.#connections.size > 0;
  }

  #read(datagram: Datagram): void {
    this.#turn.spend(datagram.bytes);
    const message = datagram.read();
    if (message && !this.#publisher.send(message)) void this.#post(message, datagram.sender);
  }

  #oldest(): Datagram | undefined {
    const datagram = this.#datagrams.shift();
    if (datagram) this.#datagramBytes -= datagram.bytes;
    return datagram;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { sender } of this.#datagrams.drain()) sender.lose(NOBODY);
    for (const turn of this.#connections.drain()) turn();
    this.#tellIdle?.();
  }
}
