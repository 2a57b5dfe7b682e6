import type { Logger } from '@sputnikjs/core';
import { nanos } from '@nats-io/transport-node';
import type { StreamConfig } from './config.js';
import { codeOf, type JetStream } from './jetstream.js';
import { covers } from './subject.js';

const NAME_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;

/** The streams that the configuration says have to be there. */
export class Streams {
  readonly jetstream: JetStream;
  readonly #streams: readonly StreamConfig[];
  readonly #log: Logger | undefined;
  #preparing: Promise<void> | undefined;
  #wereThere = false;

  constructor(jetstream: JetStream, streams: readonly StreamConfig[], log?: Logger) {
    this.jetstream = jetstream;
    this.#streams = streams;
    this.#log = log;
  }

  /** True if one of them takes messages for that target. */
  take(target: string): boolean {
    return this.#streams.some(({ subjects }) => subjects.some((subject) => covers(subject, target)));
  }

  /**
   * Has all of them be there and take their subjects: creates those that are missing. Rejects with what is in the way. Done once for all
   * who ask at the same time.
   */
  prepare(): Promise<void> {
    return (this.#preparing ??= this.#prepare().finally(() => (this.#preparing = undefined)));
  }

  async #prepare(): Promise<void> {
    for (const stream of this.#streams) {
      const found = await subjectsOf(this.jetstream, stream.name);
      if (found !== undefined) checkSubjects(stream, found);
      else await this.#create(stream);
    }
    this.#wereThere = true;
  }

  async #create(stream: StreamConfig): Promise<void> {
    await create(this.jetstream, stream);
    if (!this.#wereThere) return;
    const { name } = stream;
    this.#log?.warn({ event: 'streamMade', stream: name }, `the stream "${name}" was gone, and is made again, empty`);
  }
}

async function subjectsOf(jetstream: JetStream, name: string): Promise<readonly string[] | undefined> {
  const info = await jetstream.find(({ streams }) => streams.info(name));
  // a mirror has none
  return info && (info.config.subjects ?? []);
}

function checkSubjects({ name, subjects }: StreamConfig, found: readonly string[]): void {
  const missing = subjects.filter((subject) => !found.some((wide) => covers(wide, subject)));
  if (missing.length === 0) return;
  const advice = 'change its subjects on the server, or those in "streams"';
  throw new Error(`the stream "${name}" takes ${list(found)}, but not ${list(missing)}; ${advice}`);
}

async function create(jetstream: JetStream, stream: StreamConfig): Promise<void> {
  const { name, subjects, storage, maxBytes, maxAgeSeconds, duplicateWindowSeconds, discard } = stream;
  const config = {
    name,
    subjects: [...subjects],
    storage,
    discard,
    ...(maxBytes !== undefined && { max_bytes: maxBytes }),
    ...(maxAgeSeconds !== undefined && { max_age: nanos(maxAgeSeconds * 1000) }),
    ...(duplicateWindowSeconds !== undefined && { duplicate_window: nanos(duplicateWindowSeconds * 1000) }),
  };
  try {
    await jetstream.ask(({ streams }) => streams.add(config));
  } catch (cause) {
    const code = codeOf(cause);
    if (code === undefined) throw cause;
    // another satellite was quicker
    const found = code === NAME_IN_USE ? await subjectsOf(jetstream, name) : undefined;
    if (found !== undefined) return checkSubjects(stream, found);
    const advice = code === SUBJECTS_OVERLAP ? ': another stream takes some of them; each subject can have one' : '';
    const why = `${(cause as Error).message} (${code})${advice}`;
    throw new Error(`cannot create the stream "${name}" for ${list(subjects)}: ${why}`, { cause });
  }
}

function list(subjects: readonly string[]): string {
  return subjects.length === 0 ? 'no subjects' : subjects.map((subject) => `"${subject}"`).join(', ');
}
