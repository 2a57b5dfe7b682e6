import type { StreamInfo } from '@nats-io/jetstream';
import { millis, nanos } from '@nats-io/transport-node';
import type { DuplicateWindow } from '@sputnikjs/messaging';
import type { StreamConfig } from '../config.js';
import { codeOf, type JetStream } from './jetstream.js';
import { covers } from '../subject.js';

const NAME_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;
/** What the server gives a stream that asks for none; no more than its messages live. */
const DEFAULT_WINDOW_SECONDS = 120;

/** Has a stream be there and take its subjects: creates it if it is missing. Resolves with when it was made. Rejects with what is in the way. */
export async function prepareStream(jetstream: JetStream, stream: StreamConfig): Promise<string> {
  const found = await find(jetstream, stream.name);
  if (found === undefined) return (await create(jetstream, stream)).created;
  checkSubjects(stream, found);
  return found.created;
}

/** For how long a stream knows a message again by its id: as it is, or as it is going to be made. */
export async function duplicateWindowOf(jetstream: JetStream, stream: StreamConfig): Promise<DuplicateWindow> {
  const { name, duplicateWindowSeconds, maxAgeSeconds = Infinity } = stream;
  const found = await find(jetstream, name);
  const planned = duplicateWindowSeconds ?? Math.min(DEFAULT_WINDOW_SECONDS, maxAgeSeconds);
  const seconds = found === undefined ? planned : millis(found.config.duplicate_window) / 1_000;
  return { stream: name, exists: found !== undefined, seconds };
}

function find(jetstream: JetStream, name: string): Promise<StreamInfo | undefined> {
  return jetstream.find(({ streams }) => streams.info(name));
}

function checkSubjects({ name, subjects }: StreamConfig, { config }: StreamInfo): void {
  // a mirror has none
  const found = config.subjects ?? [];
  const missing = subjects.filter((subject) => !found.some((wide) => covers(wide, subject)));
  // guard: a stream that does not take the subjects is an error
  if (missing.length === 0) return;
  const advice = 'change its subjects on the server, or those in "streams"';
  throw new Error(`the stream "${name}" takes ${list(found)}, but not ${list(missing)}; ${advice}`);
}

async function create(jetstream: JetStream, stream: StreamConfig): Promise<StreamInfo> {
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
    return await jetstream.ask(({ streams }) => streams.add(config));
  } catch (cause) {
    const code = codeOf(cause);
    if (code === undefined) throw cause;
    // another satellite was quicker
    const found = code === NAME_IN_USE ? await find(jetstream, name) : undefined;
    if (found !== undefined) {
      checkSubjects(stream, found);
      return found;
    }
    const advice = code === SUBJECTS_OVERLAP ? ': another stream takes some of them; a subject can have only one' : '';
    const why = `${(cause as Error).message} (${code})${advice}`;
    throw new Error(`cannot create the stream "${name}" for ${list(subjects)}: ${why}`, { cause });
  }
}

function list(subjects: readonly string[]): string {
  return subjects.length === 0 ? 'no subjects' : subjects.map((subject) => `"${subject}"`).join(', ');
}
