import type { StoredMsg, StreamInfo } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { ConsumedMessage, MessageReplayer } from '@sputnikjs/messaging';
import { cannotResume } from '@sputnikjs/messaging/connector';
import { checkSource, covers } from '../subject.js';
import { gapBehind, lossOf, nanosOf, positionOf, type Position } from './position.js';
import { Replay } from './replay.js';
import type { Streams } from './streams.js';

/** The server deletes the consumer of a replay that has not asked for so long: its satellite was killed. In milliseconds. */
const INACTIVE_MS = 300_000;

/** Reads what streams keep, each time with a consumer of its own, which acknowledges nothing and ends with the replay. */
export class JetStreamReplayer implements MessageReplayer {
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  async keeps(source: string): Promise<boolean> {
    checkSource(source);
    return lossOf(await this.#infoOf(await this.#streams.nameFor(source))) === undefined;
  }

  async replay(source: string, after: string, signal: AbortSignal): Promise<AsyncIterable<ConsumedMessage>> {
    checkSource(source);
    const { jetstream } = this.#streams;
    const position = positionOf(after);
    if (position === undefined) throw cannotResume(source, after, 'no message of a stream has such a sequence');
    const stream = await this.#streams.nameFor(source);
    const info = await this.#infoOf(stream);
    const stored = await jetstream.find(({ streams }) => streams.getMessage(stream, { seq: position.number }));
    const problem =
      lossOf(info) ?? problemOf(source, position, info, stored ?? undefined) ?? gapBehind(position.number, info);
    if (problem !== undefined) throw cannotResume(source, after, problem);
    const { name } = await jetstream.ask(({ consumers }) =>
      consumers.add(stream, {
        ack_policy: 'none',
        deliver_policy: 'by_start_sequence',
        opt_start_seq: position.number + 1,
        filter_subject: source,
        inactive_threshold: nanos(INACTIVE_MS),
        mem_storage: true,
      }),
    );
    return new Replay(
      jetstream,
      { stream, name, created: info.created, source, after, number: position.number },
      signal,
    );
  }

  #infoOf(stream: string): Promise<StreamInfo> {
    return this.#streams.jetstream.ask(({ streams }) => streams.info(stream));
  }
}

/** Why no message of the source stands there, as far as the stream still knows; `stored` is the message there, unless it was removed. */
function problemOf(
  source: string,
  { number, time }: Position,
  { config, state, created }: StreamInfo,
  stored: StoredMsg | undefined,
): string | undefined {
  const stream = `the stream "${config.name}"`;
  // guard: nobody resumes beyond the end
  if (number > state.last_seq)
    return `${stream} has come to ${state.last_seq} only; it was deleted and made again, or had no such message`;
  // guard: nobody resumes after a message of a former stream
  const isOther = stored === undefined ? time < nanosOf(created) : time !== nanosOf(stored.timestamp);
  if (isOther) return `${stream} has another message there; it was deleted and made again, or had no such message`;
  // guard: nobody resumes after a message of another source
  if (stored !== undefined && !covers(source, stored.subject))
    return `the message of that number is of "${stored.subject}"`;
  return undefined;
}
