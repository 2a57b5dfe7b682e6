import { statSync } from 'node:fs';

/** How what has changed is read again, and who hears of what cannot be used. */
export interface Reload {
  /** Reads the files and puts what they hold to use. If it rejects, what was before has to be in use still; the next look tries again. */
  readonly reload: () => Promise<void>;
  /** Gets what `reload` rejects with, once for each change. */
  readonly unusable: (error: Error) => void;
}

/**
 * Has files read again when they have changed. It looks at them when somebody needs what they hold, and does not poll. Links are followed,
 * so that it also sees a renewal that swaps them, as Kubernetes does. Create it before the files are read for the first time.
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

  /** Undefined if the files are as they were; otherwise resolves when what they hold now is in use, or cannot be. */
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
 * What tells whether files have changed: of one that is rewritten in place, or put in place with an old date, its times tell. To ask the
 * file system takes microseconds, less than to hand the question to a thread. The reader of a file reports that it is missing.
 */
function stampOf(paths: readonly string[]): string {
  const stamps = paths.map((path) => {
    const file = statSync(path, { bigint: true, throwIfNoEntry: false });
    return file ? `${file.dev} ${file.ino} ${file.size} ${file.mtimeNs} ${file.ctimeNs}` : 'none';
  });
  return stamps.join(', ');
}
