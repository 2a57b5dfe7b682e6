import type { Logger } from '@sputnikjs/core';
import type { DuplicateWindow } from '@sputnikjs/messaging';
import type { StreamConfig } from '../config.js';
import type { JetStream } from './jetstream.js';
import { duplicateWindowOf, prepareStream } from './stream.js';
import { covers } from '../subject.js';

/** The streams that the configuration says have to be there. */
export class Streams {
  readonly jetstream: JetStream;
  readonly #streams: readonly StreamConfig[];
  readonly #log: Logger | undefined;
  readonly #watchers: ((takes: (target: string) => boolean) => void)[] = [];
  /** When each was made, by name. */
  readonly #created = new Map<string, string>();
  #preparing: Promise<void> | undefined;

  constructor(jetstream: JetStream, streams: readonly StreamConfig[], log?: Logger) {
    this.jetstream = jetstream;
    this.#streams = streams;
    this.#log = log;
  }

  /** True if one of them takes messages for that target. */
  cover(target: string): boolean {
    return this.#streams.some((stream) => takes(stream, target));
  }

  /** Has it called when a stream is another than before, which has nothing of what the former one had not acknowledged. */
  onRenewed(watcher: (takes: (target: string) => boolean) => void): void {
    this.#watchers.push(watcher);
  }

  /** The name of the stream that has a source; if there is none, those of the configuration are made again. Rejects with what is in the way. */
  async nameFor(source: string): Promise<string> {
    let names = await this.jetstream.namesFor(source);
    if (names.length === 0) {
      await this.prepare();
      names = await this.jetstream.namesFor(source);
    }
    const [name, ...others] = names;
    if (name === undefined)
      throw new Error(`no stream takes the subject "${source}"; create one, or list it in "streams" of the connector`);
    if (others.length > 0)
      throw new Error(
        `several streams have subjects of "${source}": ${names.join(', ')}; consume from each separately`,
      );
    return name;
  }

  /** For how long each of them knows a message again. */
  async duplicateWindows(): Promise<readonly DuplicateWindow[]> {
    const windows: DuplicateWindow[] = [];
    for (const stream of this.#streams) windows.push(await duplicateWindowOf(this.jetstream, stream));
    return windows;
  }

  /** True if a stream may be there that does not take messages: it is on other servers than ours. */
  get mayBeAway(): boolean {
    return this.jetstream.isElsewhere || this.jetstream.link.nats.info?.cluster !== undefined;
  }

  /**
   * Has all of them be there and take their subjects: creates those that are missing. Rejects with what is in the way of one, when it has
   * tried the others. Done once for all who ask at the same time.
   */
  prepare(): Promise<void> {
    return (this.#preparing ??= this.#prepare().finally(() => (this.#preparing = undefined)));
  }

  async #prepare(): Promise<void> {
    const failures: unknown[] = [];
    for (const stream of this.#streams) {
      try {
        this.#found(stream, await prepareStream(this.jetstream, stream));
      } catch (error) {
        // guard: one stream that cannot be made keeps no other from being made
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  #found(stream: StreamConfig, created: string): void {
    const { name } = stream;
    const former = this.#created.get(name);
    this.#created.set(name, created);
    if (former === undefined || former === created) return;
    this.#log?.warn(
      { event: 'streamRenewed', stream: name },
      `the stream "${name}" was deleted; it exists again, empty`,
    );
    // guard: what a deleted stream never acknowledged goes to its successor
    for (const watcher of this.#watchers) watcher((target) => takes(stream, target));
  }
}

function takes({ subjects }: StreamConfig, target: string): boolean {
  return subjects.some((subject) => covers(subject, target));
}
