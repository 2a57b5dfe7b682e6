import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** No file that a configuration names, and no file of a configuration, is larger. */
const MOST_MIB = 16;

/**
 * The bytes of a file that a configuration names, such as a certificate. Throws an error that begins with `failure` for what is no file, such as
 * a pipe or a folder, and for a file that is too large. Reads synchronously: that takes microseconds, less than having a thread do it.
 *
 * @example
 * import { fileBytes } from '@sputnikjs/messaging/net';
 * try {
 *   fileBytes('.', 'cannot read caFile');
 * } catch (error) {
 *   console.log(String(error)); // Error: cannot read caFile: . is a folder; name a file
 * }
 */
export function fileBytes(path: string, failure: string): Buffer {
  try {
    return bytesOf(path);
  } catch (cause) {
    throw new Error(`${failure}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * The same, as text in UTF-8; for tokens and the like.
 *
 * @example
 * import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { fileText } from '@sputnikjs/messaging/net';
 * const folder = mkdtempSync(join(tmpdir(), 'text-'));
 * writeFileSync(join(folder, 'token'), 'secret');
 * console.log(fileText(join(folder, 'token'), 'cannot read the token')); // secret
 * rmSync(folder, { recursive: true });
 */
export function fileText(path: string, failure: string): string {
  return fileBytes(path, failure).toString('utf8');
}

function bytesOf(path: string): Buffer {
  // guard: nobody waits for a pipe to be written to
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new Error(`${path} is a folder; name a file`);
    // guard: what never ends is not read
    if (!stats.isFile()) throw new Error(`${path} is a pipe or a device; put a file in its place`);
    // guard: a file of any size does not fill the memory
    if (stats.size > MOST_MIB * 1024 * 1024)
      throw new Error(`${path} has ${stats.size} bytes, and ${MOST_MIB} MiB are read at most; is it the right file?`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
