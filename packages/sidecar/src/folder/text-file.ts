import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** No configuration is larger. */
const MOST_MIB = 16;

/** The text of a file. Rejects for what is none, such as a pipe, and for a file that is too large. */
export async function textOfFile(path: string): Promise<string> {
  // guard: nobody waits for a pipe to be written to
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    // guard: what never ends is not read
    if (!stats.isFile() && !stats.isDirectory()) throw new Error('it is a pipe or a device; a configuration is a file');
    // guard: a file of any size does not fill the memory
    if (stats.size > MOST_MIB * 1024 * 1024)
      throw new Error(`it has ${stats.size} bytes; a configuration has ${MOST_MIB} MiB at most`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
