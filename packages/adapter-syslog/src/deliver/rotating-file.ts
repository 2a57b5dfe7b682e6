import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

const LINE_BREAK = 0x0a;

/**
 * A file to which lines are appended. When it is full it becomes `<path>.1`, the former `<path>.1` becomes `<path>.2`, and so on. Other programs
 * may move, delete or truncate it: the next line then goes to a file of the same name.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  readonly #onDelete: (path: string) => void;
  #file: FileHandle | undefined;
  #size = 0;

  /** `maxFiles` includes the file that is being written. `onDelete` is called with the path of each file that is deleted. */
  constructor(path: string, maxBytes: number, maxFiles: number, onDelete: (path: string) => void) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#maxFiles = maxFiles;
    this.#onDelete = onDelete;
  }

  /** Opens the file, and creates its folder if necessary. Rejects with the system's error. */
  async open(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    this.#file = await open(this.#path, 'a+', 0o640);
    this.#size = (await this.#file.stat()).size;
    // a process that was killed may have left half a line
    if (await endsInTheMidst(this.#file, this.#size)) await this.#append(Buffer.from('\n'));
  }

  /**
   * Writes all of `text`, or rejects with the system's error and writes nothing. Wait for each call before the next. A text larger than
   * `maxBytes` gets a file of its own.
   */
  async write(text: Uint8Array): Promise<void> {
    await this.#noticeMove();
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

  /** Closes the file if it was moved or deleted, and notices if it was truncated. */
  async #noticeMove(): Promise<void> {
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

/** True if the last line of the file is incomplete. A pipe or device cannot be read, and needs no such care. */
async function endsInTheMidst(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_BREAK;
}

/** Undefined if nothing has that name. */
async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
