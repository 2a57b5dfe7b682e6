import type { BlockCommunicator, BlockContext, SputnikError } from '@sputnikjs/core';
import { Fifo } from '@sputnikjs/messaging/connector';
import type { SyslogMessage } from '../parse/message.js';

/** So many messages of connections, or bytes, are sent before one is a question, which the publisher answers when it has room for more. */
const MESSAGES = 256;
const BYTES = 262_144;
/** Most datagrams that wait for room in a full mailbox. */
const DATAGRAMS = 1024;

/** Where messages come from; hears of each that is lost. */
export interface Sender {
  lose(why: string, fields?: object): void;
}

const NOBODY = 'nobody takes them any more';

interface Datagram {
  readonly message: SyslogMessage;
  readonly sender: Sender;
}

/**
 * Passes the messages of all listeners of a receiver to its publisher. Every so often it asks with a message of a connection, and until the
 * answer comes all connections wait. So the publisher pushes back senders that can wait, and keeps its mailbox free for datagrams. If the
 * mailbox is full nevertheless, datagrams and connections take turns in waiting for room, in one place of its queue.
 */
export class Dispatcher {
  readonly #publisher: BlockCommunicator<SyslogMessage>;
  readonly #ctx: BlockContext;
  readonly #datagrams = new Fifo<Datagram>();
  readonly #connections = new Fifo<() => void>();
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

  /** Accepts a message of a connection; returns false if the connection must wait for its turn. */
  offer(message: SyslogMessage, bytes: number, sender: Sender): boolean {
    if (this.#asking || this.#posting > 0 || this.#isOver) return false;
    this.#bytes += bytes;
    // guard: datagrams find room in the mailbox while connections wait
    if (++this.#messages >= MESSAGES || this.#bytes >= BYTES) void this.#ask(message, sender);
    else if (!this.#publisher.send(message)) void this.#post(message, sender);
    return true;
  }

  /** Calls `turn` when it is the connection's turn, or when there will be none. */
  wait(turn: () => void): void {
    this.#connections.push(turn);
  }

  /** Accepts a datagram. If too many wait, the oldest is lost. */
  offerDatagram(message: SyslogMessage, sender: Sender): void {
    if (this.#isOver) return sender.lose(NOBODY);
    const mayPass = this.#posting === 0 && this.#datagrams.size === 0;
    if (mayPass && this.#publisher.send(message)) return;
    this.#datagrams.push({ message, sender });
    if (this.#datagrams.size > DATAGRAMS) this.#datagrams.shift()?.sender.lose(this.#tooSlow);
    this.#goOn();
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#posting > 0 || this.#datagrams.size > 0 || (this.#asking && !this.#isOver))
      await new Promise<void>((resolve) => (this.#tellIdle = resolve));
  }

  get #tooSlow(): string {
    return `block "${this.#publisher.descriptor.responsibility}" takes them more slowly than they arrive, or not at all`;
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
      // Whoever asks is told alone; anything else that may happen to a message is in the publisher's counts.
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

  /** Lets datagrams and connections that wait go on, in turn. */
  #goOn(): void {
    while (this.#posting === 0) {
      // guard: datagrams that the publisher has no room for wait in turn with connections
      const isDatagrams = this.#datagrams.size > 0 && !(this.#datagramWasLast && this.#mayConnect);
      if (!isDatagrams && !this.#mayConnect) break;
      this.#datagramWasLast = isDatagrams;
      if (isDatagrams) this.#sendOldest();
      else this.#connections.shift()?.();
    }
    if (this.#posting === 0) this.#tellIdle?.();
  }

  get #mayConnect(): boolean {
    return !this.#asking && this.#connections.size > 0;
  }

  #sendOldest(): void {
    const { message, sender } = this.#datagrams.shift() as Datagram;
    if (!this.#publisher.send(message)) void this.#post(message, sender);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { sender } of this.#datagrams.drain()) sender.lose(NOBODY);
    for (const turn of this.#connections.drain()) turn();
    this.#tellIdle?.();
  }
}
