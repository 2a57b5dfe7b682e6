import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Changes } from './changes.js';
import { linesOf } from './lines.js';
import { socketOf } from './store/owner.js';

/** How long somebody who asks may take to say what, and to end when that is done, in milliseconds. */
const PATIENCE_MS = 10_000;

/** What the owner of a folder can be asked for. */
export type Change = 'retry' | 'drop' | 'import';

const CHANGES: Readonly<Record<Change, (changes: Changes, lines: AsyncIterable<string>) => Promise<number>>> = {
  retry: (changes) => changes.retry(),
  drop: (changes) => changes.drop(),
  import: (changes, lines) => changes.import(lines),
};

/** What it answers, as a line of JSON. */
export type Answer = { readonly count: number } | { readonly error: string };

/** Does what is asked for. Another version may ask for something else. */
export async function make(changes: Changes, change: string, lines: AsyncIterable<string>): Promise<number> {
  if (!Object.hasOwn(CHANGES, change)) throw new Error(`the owner of the folder knows no ${JSON.stringify(change)}`);
  return CHANGES[change as Change](changes, lines);
}

/**
 * Answers who asks the owner of a folder: with a line that names the change, the lines that it needs, and the end of them. Resolves with what was
 * asked for and answered, or undefined if nothing was.
 */
export async function answer(
  socket: Socket,
  changes: Changes,
): Promise<{ readonly change: string; readonly answer: Answer } | undefined> {
  // guard: whoever is connected and asks for nothing is cut
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  const all = linesOf(socket);
  const { value: change, done } = await all.next();
  socket.setTimeout(0);
  if (done) {
    // Somebody only looks whether the folder has an owner.
    socket.destroy();
    return undefined;
  }
  const lines: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next: () => all.next() }) };
  const result = await answerTo(change, lines, changes);
  // Who is still writing would not read before it has ended.
  await ended(socket);
  socket.end(`${JSON.stringify(result)}\n`);
  return { change, answer: result };
}

/** Resolves when nothing more comes, or for too long. */
async function ended(socket: Socket): Promise<void> {
  if (socket.readableEnded || socket.destroyed) return;
  const late = AbortSignal.timeout(PATIENCE_MS);
  await once(socket.resume(), 'end', { signal: late }).catch(() => {});
}

async function answerTo(change: string, lines: AsyncIterable<string>, changes: Changes): Promise<Answer> {
  try {
    return { count: await make(changes, change, lines) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** Asks the owner of a folder. Resolves with how many messages it was, or undefined if the folder has no owner. */
export async function ask(folder: string, change: Change, lines: AsyncIterable<string>): Promise<number | undefined> {
  const socket = connect(socketOf(folder));
  try {
    await once(socket, 'connect');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return undefined;
    throw error;
  }
  const answered = text(socket);
  answered.catch(() => {});
  await pipeline(Readable.from(asked(change, lines)), socket).catch(() => {});
  const line = await answered.catch(() => '');
  if (line === '')
    throw new Error('the owner of the folder does not answer: it is starting, landing, or another command. Try again');
  const result = JSON.parse(line) as Answer;
  if ('error' in result) throw new Error(result.error);
  return result.count;
}

async function* asked(change: Change, lines: AsyncIterable<string>): AsyncGenerator<string, void> {
  yield `${change}\n`;
  for await (const line of lines) yield `${line}\n`;
}
