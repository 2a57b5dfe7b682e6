import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

const LINE_BREAK = 0x0a;

/**
 * A file of lines that is written at its end; when it is full it becomes `<path>.1`, that `<path>.2`, and so on. Others may move it away,
 * delete it or cut it off: the next line goes to what has its name then.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  readonly #onDelete: (path: string) => void;
  #file: FileHandle | undefined;
  #size = 0;

  /** `maxFiles` includes the one that is written; of one that has to be deleted for it `onDelete` is told. */
  constructor(path: string, maxBytes: number, maxFiles: number, onDelete: (path: string) => void) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#maxFiles = maxFiles;
    this.#onDelete = onDelete;
  }

  /** Opens it, and makes its folder if there is none. Rejects with the system's error. */
  async open(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    this.#file = await open(this.#path, 'a+', 0o640);
    this.#size = (await this.#file.stat()).size;
    // a process that was killed may have left half a line
    if (await endsInTheMidst(this.#file, this.#size)) await this.#append(Buffer.from('\n'));
  }

  /**
   * Writes all of it, or rejects with the system's error and leaves no part of it; one call at a time. A text larger than a
   * file has one of its own.
   */
  async write(text: Uint8Array): Promise<void> {
    await this.#look();
    if (this.#size > 0 && this.#size + text.length > this.#maxBytes) await this.#rotate();
    if (!this.#file) await this.open();
    await this.#append(text);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #append(text: Uint8Array): Promise<void> {
    try {
      await this.#file?.appendFile(text);
      this.#size += text.length;
    } catch (error) {
      await this.#file?.truncate(this.#size).catch(() => {});
      throw error;
    }
  }

  /** Lets go of a file that has been moved away or deleted, and learns of one that has been cut off. */
  async #look(): Promise<void> {
    if (!this.#file) return;
    const [own, named] = [await this.#file.stat(), await statOf(this.#path)];
    if (named?.ino === own.ino && named.dev === own.dev) this.#size = own.size;
    else await this.close();
  }

  async #rotate(): Promise<void> {
    await this.close();
    const last = this.#nameOf(this.#maxFiles - 1);
    if (await statOf(last)) {
      await rm(last);
      this.#onDelete(last);
    }
    for (let age = this.#maxFiles - 2; age >= 0; age--) {
      if (await statOf(this.#nameOf(age))) await rename(this.#nameOf(age), this.#nameOf(age + 1));
    }
    this.#size = 0;
  }

  #nameOf(age: number): string {
    return age === 0 ? this.#path : `${this.#path}.${age}`;
  }
}

/** True if the last line of the file has no end. What is no file, such as a pipe, cannot be read, and has no lines to keep apart. */
async function endsInTheMidst(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_BREAK;
}

/** Undefined if there is nothing of that name. */
async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
