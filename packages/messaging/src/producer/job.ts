import type { LineNode } from '@sputnikjs/core';
import type { ProduceMessage, ProduceResult } from '../contract.js';
import type { Sending } from '../traces/index.js';
import type { Connected } from './connected.js';

/** What became of a message. */
export type Outcome = ProduceResult | Error | void;

/** The end of an `onMsgs` call: when it has come for all messages of the batch. */
export class Call {
  readonly ended: Promise<void>;
  #left: number;
  #end!: () => void;

  constructor(messages: number) {
    this.#left = messages;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  messageEnded(): void {
    if (--this.#left === 0) this.#end();
  }
}

/** A message that the block accepted and the server does not have yet. */
export class Job implements LineNode {
  readonly message: ProduceMessage;
  /** Number of connections that ended after only this message was sent. */
  cuts = 0;
  /** The last connection over which it was sent. */
  sentOver: Connected | undefined = undefined;
  /** The connection over which it is under way as a suspect. */
  triedOver: Connected | undefined = undefined;
  /** True while it waits for room, or behind others that do. */
  waits: boolean;
  before: LineNode | undefined = undefined;
  after: LineNode | undefined = undefined;
  line: LineNode['line'] = undefined;
  readonly #mail: Sending;
  readonly #call: Call;

  constructor(mail: Sending, call: Call, waits: boolean) {
    this.message = mail.msg;
    this.#mail = mail;
    this.#call = call;
    this.waits = waits;
  }

  end(outcome: Outcome): void {
    if (outcome instanceof Error) this.#mail.fail(outcome);
    else this.#mail.reply(outcome);
    this.#call.messageEnded();
  }
}
