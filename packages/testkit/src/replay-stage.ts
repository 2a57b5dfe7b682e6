import assert from 'node:assert/strict';
import type { ConsumedMessage, MessageReplayer, MessagingConnection } from '@sputnikjs/messaging';
import { within } from './in-time.js';
import { numbered, textOf } from './messages.js';
import { all, Inbox, needs, onStage, produceAll } from './messaging-checks.js';
import { PATIENCE_MS, type Stage } from './messaging-stage.js';
import type { MessagingTrial, Destination } from './messaging-trial.js';
import { rejection } from './rejection.js';
import type { Check } from './suite.js';

/** A replay that is read one message at a time. */
export class Reading {
  readonly #over = new AbortController();
  readonly #messages: AsyncIterator<ConsumedMessage>;

  private constructor(messages: AsyncIterable<ConsumedMessage>, over: AbortController) {
    this.#messages = messages[Symbol.asyncIterator]();
    this.#over = over;
  }

  static async begin(stage: Stage, replayer: MessageReplayer, source: string, after: string): Promise<Reading> {
    const over = new AbortController();
    stage.atEnd(() => over.abort());
    const messages = await within(PATIENCE_MS, 'a replay', replayer.replay(source, after, over.signal));
    return new Reading(messages, over);
  }

  /** The next message; undefined if the replay is over. */
  async next(): Promise<ConsumedMessage | undefined> {
    const { value, done } = await within(PATIENCE_MS, 'the next message', this.#messages.next());
    return done === true ? undefined : value;
  }

  async take(count: number): Promise<ConsumedMessage[]> {
    const messages: ConsumedMessage[] = [];
    for (let message; messages.length < count && (message = await this.next());) messages.push(message);
    return messages;
  }

  abort(): void {
    this.#over.abort();
  }
}

/** What a check of replays has. */
export interface Replaying {
  readonly stage: Stage;
  readonly destination: Destination;
  readonly connection: MessagingConnection;
  readonly replayer: MessageReplayer;
  /** Begins a replay after a message, by another replayer if one is given. */
  begin(after: ConsumedMessage | undefined, by?: MessageReplayer): Promise<Reading>;
}

/** A check of a trial that has replays, and whatever else it takes. */
export function replaying(
  run: (parts: Replaying) => Promise<void>,
  ...skips: readonly ((trial: MessagingTrial) => string | undefined)[]
): Pick<Check<MessagingTrial>, 'skip' | 'run'> {
  return {
    skip: all(needs('consumer', 'replays'), ...skips),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const replayer = replayerOf(connection);
      const begin: Replaying['begin'] = (after, by = replayer) =>
        Reading.begin(stage, by, destination.source, sequenceOf(after));
      await run({ stage, destination, connection, replayer, begin });
    }),
  };
}

export function replayerOf({ replayer }: MessagingConnection): MessageReplayer {
  assert.ok(replayer, 'a connection has no replayer, though the trial declares replays');
  return replayer;
}

/** Produces numbered messages, and has them consumed, and those before them; resolves with all of them. */
export async function handled(
  { connection, destination }: Replaying,
  count: number,
  before = 0,
): Promise<ConsumedMessage[]> {
  const inbox = new Inbox();
  const subscription = await connection.consumer.consume(destination.source, inbox.receive);
  await produceAll(connection, destination, numbered(count));
  await inbox.reaches(before + count);
  await within(PATIENCE_MS, 'stop', subscription.stop());
  return inbox.messages;
}

export function sequenceOf(message: ConsumedMessage | undefined): string {
  assert.ok(message?.sequence !== undefined, 'a message has no sequence');
  return message.sequence;
}

/** What has to be the same, however a message comes. */
export function shown({ source, payload, contentType, headers, id, sequence }: ConsumedMessage): object {
  return { source, payload: textOf({ payload }), contentType, headers: { ...headers }, id, sequence };
}

/** A replay after that is refused. */
export async function isRefused({ replayer, destination }: Replaying, after: string): Promise<void> {
  const replay = replayer.replay(destination.source, after, new AbortController().signal);
  const error = await within(PATIENCE_MS, 'the refusal of a replay', rejection(replay));
  assert.equal(error.code, 'CANNOT_RESUME', `after ${after.slice(0, 50)}: ${String(error)}`);
}
