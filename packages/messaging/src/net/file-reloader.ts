import { statSync } from 'node:fs';

/** How to read changed files again, and who hears if they cannot be used. */
export interface Reload {
  /** Reads the files and uses their contents. If it rejects, the previous contents must still be in use; the next look tries again. */
  readonly reload: () => Promise<void>;
  /** Gets the error of `reload`, once for each change. */
  readonly unusable: (error: Error) => void;
}

/**
 * Reads files again when they have changed. It looks at them when somebody needs their contents, and does not poll. It follows links, so it
 * also notices a renewal that swaps a link, as Kubernetes does. Create it before you read the files for the first time.
 *
 * @example
 * import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { FileReloader } from '@sputnikjs/messaging/net';
 * const folder = mkdtempSync(join(tmpdir(), 'reload-'));
 * const path = join(folder, 'token');
 * writeFileSync(path, 'old');
 * let token = '';
 * const reload = async () => void (token = readFileSync(path, 'utf8'));
 * const files = new FileReloader([path], { reload, unusable: (error) => console.error(error.message) });
 * await reload();
 * writeFileSync(path, 'renewed');
 * await files.look();
 * console.log(token, files.look()); // renewed undefined
 * rmSync(folder, { recursive: true });
 */
export class FileReloader {
  readonly #paths: readonly string[];
  readonly #options: Reload;
  #used: string;
  #unusable: string | undefined;
  #reloading: Promise<void> | undefined;

  constructor(paths: readonly (string | undefined)[], options: Reload) {
    this.#paths = paths.filter((path) => path !== undefined);
    this.#options = options;
    this.#used = stampOf(this.#paths);
  }

  /** Returns undefined if the files have not changed; otherwise a promise that resolves when their contents are in use, or found unusable. */
  look(): Promise<void> | undefined {
    const stamp = stampOf(this.#paths);
    if (stamp === this.#used) return this.#reloading;
    this.#reloading ??= this.#reload(stamp).finally(() => (this.#reloading = undefined));
    return this.#reloading;
  }

  async #reload(stamp: string): Promise<void> {
    try {
      await this.#options.reload();
      this.#used = stamp;
    } catch (error) {
      if (this.#unusable !== stamp) this.#options.unusable(error as Error);
      this.#unusable = stamp;
    }
  }
}

/**
 * Returns a text that changes when one of the files does, also if a file is rewritten in place, or replaced by one with an old date. Asking the
 * file system synchronously takes microseconds, less than passing the question to a thread. A missing file is reported by who reads it.
 */
function stampOf(paths: readonly string[]): string {
  const stamps = paths.map((path) => {
    const file = statSync(path, { bigint: true, throwIfNoEntry: false });
    return file ? `${file.dev} ${file.ino} ${file.size} ${file.mtimeNs} ${file.ctimeNs}` : 'none';
  });
  return stamps.join(', ');
}
