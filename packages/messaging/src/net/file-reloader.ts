import { statSync } from 'node:fs';

/** How to read changed files again, for how long, and what to call if they cannot be used. */
export interface Reload {
  /** Reads the files and uses their contents. If it rejects, the previous contents must still be in use; the next look tries again. */
  readonly reload: () => Promise<void>;
  /** Gets the error of `reload`, once for each change. */
  readonly unusable: (error: Error) => void;
  /** Aborts when nobody needs the files any more: of a block, its `ctx.signal`. */
  readonly signal: AbortSignal;
}

/** Files that were checked, and what is wrong with their contents; undefined if these are in use. */
export interface RefreshedFiles {
  readonly paths: readonly string[];
  readonly unusable: Error | undefined;
}

/** Those that somebody needs: SIGHUP is for the whole process, whichever satellites and blocks are in it. */
const needed = new Set<FileReloader>();

/**
 * Has every {@link FileReloader} of the process check its files now, and resolves with all of them when what has changed is in use, or
 * found unusable.
 *
 * @example
 * import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { FileReloader, refreshAllFiles } from '@sputnikjs/messaging/net';
 * const folder = mkdtempSync(join(tmpdir(), 'files-'));
 * const path = join(folder, 'token');
 * const reload = () => Promise.reject(new Error('no token in it'));
 * const over = new AbortController();
 * void new FileReloader([path], { reload, unusable: () => {}, signal: over.signal });
 * writeFileSync(path, '');
 * const [files] = await refreshAllFiles();
 * console.log(files?.unusable?.message); // no token in it
 * over.abort();
 * console.log((await refreshAllFiles()).length); // 0
 * rmSync(folder, { recursive: true });
 */
export async function refreshAllFiles(): Promise<readonly RefreshedFiles[]> {
  return await Promise.all(
    [...needed].map(async (files) => {
      await files.refresh();
      return { paths: files.paths, unusable: files.unusable };
    }),
  );
}

/**
 * Reads files again when they have changed. It checks them when somebody needs their contents, or refreshes all
 * ({@link refreshAllFiles}), and does not poll. It follows links, so it also notices a renewal that swaps a link, as Kubernetes does. Create it
 * before you read the files for the first time.
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
 * const over = new AbortController();
 * const unusable = (error: Error) => console.error(error.message);
 * const files = new FileReloader([path], { reload, unusable, signal: over.signal });
 * await reload();
 * writeFileSync(path, 'renewed');
 * await files.refresh();
 * console.log(token, files.refresh()); // renewed undefined
 * over.abort();
 * rmSync(folder, { recursive: true });
 */
export class FileReloader {
  readonly paths: readonly string[];
  readonly #options: Reload;
  #used: string;
  #unusable: { readonly stamp: string; readonly error: Error } | undefined;
  #reloading: Promise<void> | undefined;

  constructor(paths: readonly (string | undefined)[], options: Reload) {
    this.paths = paths.filter((path) => path !== undefined);
    this.#options = options;
    this.#used = stampOf(this.paths);
    needed.add(this);
    // guard: files that nobody needs any more are not looked at
    options.signal.addEventListener('abort', () => needed.delete(this));
  }

  /** What is wrong with what the files hold, if that is why their former contents are in use. */
  get unusable(): Error | undefined {
    return this.#unusable?.error;
  }

  /** Returns undefined if the files have not changed; otherwise a promise that resolves when their contents are in use, or found unusable. */
  refresh(): Promise<void> | undefined {
    const stamp = stampOf(this.paths);
    if (stamp === this.#used) return this.#reloading;
    this.#reloading ??= this.#reload(stamp).finally(() => (this.#reloading = undefined));
    return this.#reloading;
  }

  async #reload(stamp: string): Promise<void> {
    try {
      await this.#options.reload();
      this.#used = stamp;
      this.#unusable = undefined;
    } catch (error) {
      if (this.#unusable?.stamp !== stamp) this.#options.unusable(error as Error);
      this.#unusable = { stamp, error: error as Error };
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
