import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that is written at its end; when it is full it becomes `<path>.1`, that `<path>.2`, and so on. */
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
    this.#file = await open(this.#path, 'a', 0o640);
    this.#size = (await this.#file.stat()).size;
  }

  /**
   * Writes all of it, or rejects with the system's error and leaves no part of it; one call at a time. A text larger than a
   * file has one of its own.
   */
  async write(text: Uint8Array): Promise<void> {
    if (this.#size > 0 && this.#size + text.length > this.#maxBytes) await this.#rotate();
    if (!this.#file) await this.open();
    try {
      await this.#file?.appendFile(text);
      this.#size += text.length;
    } catch (error) {
      await this.#file?.truncate(this.#size).catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #rotate(): Promise<void> {
    await this.close();
    const last = this.#nameOf(this.#maxFiles - 1);
    if (await exists(last)) {
      await rm(last);
      this.#onDelete(last);
    }
    for (let age = this.#maxFiles - 2; age >= 0; age--) {
      if (await exists(this.#nameOf(age))) await rename(this.#nameOf(age), this.#nameOf(age + 1));
    }
    this.#size = 0;
  }

  #nameOf(age: number): string {
    return age === 0 ? this.#path : `${this.#path}.${age}`;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
