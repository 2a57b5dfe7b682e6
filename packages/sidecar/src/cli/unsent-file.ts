import { randomUUID } from 'node:crypto';
import { access, constants, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

const CHUNK = 256 * 1024;
/** Of a line that is longer nothing is read: it stays as it is. */
const LONGEST_LINE = 16 * 1024 * 1024;
/** A file is rewritten when so many lines, and this share of its bytes, are sent: in all that costs little. */
const [LINES_BETWEEN, SHARE_BETWEEN] = [10_000, 1 / 16];
const LF = 0x0a;

/** A line as it stands in the file. */
export interface Line {
  /** The first is 1. */
  readonly number: number;
  /** Where it begins, and how many bytes it has, its end included. */
  readonly start: number;
  readonly size: number;
  /** Without its end; undefined if it is too long. */
  readonly bytes: Buffer | undefined;
}

/** The file to be, and how many bytes at its beginning stay. */
interface Draft {
  readonly path: string;
  readonly file: FileHandle;
  kept: number;
}

/**
 * A file of lines that are taken out of it: what stays is in a new file that replaces it in one step, so that a crash finds the one
 * or the other. Both are read and written piece by piece.
 */
export class UnsentFile {
  #path: string;
  #file: FileHandle;
  /** Where the next line begins, and what has been read of it and behind it. */
  #offset = 0;
  #read = Buffer.alloc(0);
  #number = 0;
  /** Bytes at its beginning that an earlier run through the lines has left. */
  #kept = 0;
  /** The new file, once something stays. */
  #draft: Draft | undefined;
  /** Why there will be no new file: one that cannot be written as a whole would lose lines. */
  #broken: unknown;
  #changed = false;
  #size: number;
  #taken = { lines: 0, bytes: 0 };

  /** Rejects with an error that says what to do if it is no file, or cannot be replaced. */
  static async open(path: string): Promise<UnsentFile> {
    try {
      const real = await realpath(path);
      // a link stays one, and what it leads to is replaced
      if (!(await stat(real)).isFile()) throw new Error('it is not a file');
      await access(dirname(real), constants.W_OK);
      const file = await open(real, 'r');
      return new UnsentFile(real, file, (await file.stat()).size);
    } catch (cause) {
      const { message } = cause as Error;
      const text = `"${path}" cannot be sent (${message}). Name a file of unsent messages, in a folder that this user may write to`;
      throw new Error(text, { cause });
    }
  }

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
  }

  /** The next line; undefined at the end. Empty ones are left out. */
  async next(): Promise<Line | undefined> {
    const parts: Buffer[] = [];
    const start = this.#offset;
    let size = 0;
    for (let ended = false; !ended;) {
      if (this.#read.length === 0) this.#read = await this.#readAt(start + size);
      if (this.#read.length === 0) break;
      const end = this.#read.indexOf(LF);
      ended = end >= 0;
      const part = this.#read.subarray(0, ended ? end : undefined);
      const length = part.length + (ended ? 1 : 0);
      this.#read = this.#read.subarray(length);
      size += length;
      if (size <= LONGEST_LINE) parts.push(part);
      else parts.length = 0;
    }
    if (size === 0) return undefined;
    this.#offset += size;
    const number = ++this.#number;
    const bytes = size <= LONGEST_LINE ? Buffer.concat(parts) : undefined;
    if (bytes?.length !== 0) return { number, start, size, bytes };
    this.#changed = true;
    return await this.next();
  }

  /** Removes a line: its message is sent. */
  remove({ size }: Line): void {
    this.#changed = true;
    this.#taken.lines++;
    this.#taken.bytes += size;
  }

  /** Keeps a line as it is. */
  async keep({ start, size }: Line): Promise<void> {
    await this.#write(async (draft) => {
      draft.kept += (await this.#copy(start, draft.file, size)).bytes;
    });
  }

  /** A line stays with other text, which has its end. */
  async replace(text: Buffer): Promise<void> {
    await this.#write(async (draft) => {
      await draft.file.appendFile(text);
      draft.kept += text.length;
    });
    this.#changed = true;
  }

  /** Whether enough has been taken for a {@link save} to be worth its while. */
  get isDue(): boolean {
    const { lines, bytes } = this.#taken;
    return lines >= LINES_BETWEEN && bytes >= this.#size * SHARE_BETWEEN;
  }

  /** Puts a file in its place that has what stays and all that has not been read. Goes on with that. */
  async save(): Promise<void> {
    await this.#save();
  }

  /**
   * Does so for the last time, if anything has changed, and deletes a file that would be empty. Resolves with the number of lines that
   * have not been read.
   */
  async finish(): Promise<number> {
    const { lines } = this.#changed ? await this.#save() : await this.#copy(this.#offset);
    const { size } = await this.#file.stat();
    if (size === 0 && (await this.#isStillThere())) {
      await rm(this.#path);
      await syncFolder(this.#path);
    }
    return lines;
  }

  /** Lets go of all; what was not saved is as before. */
  async close(): Promise<void> {
    await this.#file.close();
    if (!this.#draft) return;
    await this.#draft.file.close();
    await rm(this.#draft.path, { force: true });
  }

  /** Writes to the new file, all or never again. */
  async #write<T>(work: (draft: Draft) => Promise<T>): Promise<T> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return await work(await this.#begin());
    } catch (cause) {
      const { message } = cause as Error;
      const text = `"${this.#path}" cannot be rewritten (${message}). It stays as it was; if you send it again, some messages arrive twice`;
      throw (this.#broken = new Error(text, { cause }));
    }
  }

  /** The new file, with what has stayed so far at its beginning. */
  async #begin(): Promise<Draft> {
    if (this.#draft) return this.#draft;
    const path = `${this.#path}.resend-${randomUUID()}`;
    const { mode, uid, gid } = await this.#file.stat();
    const file = await open(path, 'wx+', mode);
    this.#draft = { path, file, kept: 0 };
    // for root only; to others the file belongs that they write
    await file.chown(uid, gid).catch(() => {});
    await file.chmod(mode);
    this.#draft.kept = (await this.#copy(0, file, this.#kept)).bytes;
    return this.#draft;
  }

  async #save(): Promise<{ readonly lines: number }> {
    const old = { path: this.#path, file: this.#file };
    const { goal, draft, rest } = await this.#write(async (draft) => {
      const rest = await this.#copy(this.#offset, draft.file);
      await draft.file.sync();
      const goal = (await this.#isStillThere()) ? old.path : `${old.path}.left-${randomUUID()}`;
      await rename(draft.path, goal);
      return { goal, draft, rest };
    });
    this.#draft = undefined;
    // what was written behind it at the last moment
    const came = await this.#copy(this.#offset + rest.bytes, draft.file);
    if (came.bytes > 0) await draft.file.sync();
    await syncFolder(goal);
    this.#path = goal;
    this.#file = draft.file;
    this.#kept = this.#offset = draft.kept;
    this.#read = Buffer.alloc(0);
    this.#size = draft.kept + rest.bytes + came.bytes;
    this.#taken = { lines: 0, bytes: 0 };
    this.#changed = false;
    await old.file.close();
    if (goal !== old.path) {
      throw new Error(
        `"${old.path}" was moved or replaced meanwhile, and is left alone. The unsent messages are in "${goal}". Do not send a file that something else writes to or sends`,
      );
    }
    return { lines: rest.lines + came.lines };
  }

  /** Nobody has put another file in its place. */
  async #isStillThere(): Promise<boolean> {
    const ours = await this.#file.stat({ bigint: true });
    const there = await stat(this.#path, { bigint: true }).catch(() => undefined);
    return there?.ino === ours.ino && there.dev === ours.dev;
  }

  /** Copies up to `size` bytes, or to the end, and counts lines. Without a goal it only counts. */
  async #copy(from: number, to?: FileHandle, size = Infinity): Promise<{ bytes: number; lines: number }> {
    const copied = { bytes: 0, lines: 0 };
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    let last = LF;
    while (copied.bytes < size) {
      const part = await this.#readAt(from + copied.bytes, buffer.subarray(0, size - copied.bytes));
      if (part.length === 0) break;
      await to?.appendFile(part);
      copied.bytes += part.length;
      for (let at = part.indexOf(LF); at >= 0; at = part.indexOf(LF, at + 1)) copied.lines++;
      last = part.at(-1) ?? LF;
    }
    if (last !== LF) copied.lines++;
    return copied;
  }

  async #readAt(position: number, buffer = Buffer.allocUnsafeSlow(CHUNK)): Promise<Buffer<ArrayBuffer>> {
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, position);
    return buffer.subarray(0, bytesRead);
  }
}

/** A new name of a file is safe when its folder is written. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
