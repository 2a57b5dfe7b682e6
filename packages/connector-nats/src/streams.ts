import { nanos } from '@nats-io/transport-node';
import type { StreamConfig } from './config.js';
import { codeOf, type JetStream } from './jetstream.js';
import { covers } from './subject.js';

const NAME_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;

/** Has all these streams be there and take their subjects: creates those that are missing. Rejects with what is in the way. */
export async function prepareStreams(jetstream: JetStream, streams: readonly StreamConfig[]): Promise<void> {
  for (const stream of streams) {
    const found = await subjectsOf(jetstream, stream.name);
    if (found !== undefined) checkSubjects(stream, found);
    else await create(jetstream, stream);
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
