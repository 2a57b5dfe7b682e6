import type { Readable } from 'node:stream';

const NEWLINE = 10;
/** Longer than any message that is exported. */
const LONGEST_MIB = 64;

/** The lines of a stream, as they come. Throws for one that is too long; then the stream may be read on. */
export async function* linesOf(stream: Readable): AsyncGenerator<string, void> {
  let begun: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let from = 0;
    // only here: readline ends a line at U+2028, which JSON may have in a text
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, at)]).toString();
      begun = [];
      size = 0;
      from = at + 1;
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    size += chunk.length - from;
    // guard: a line that does not end does not fill the memory
    if (size > LONGEST_MIB * 1024 * 1024) throw new Error(`a line is longer than ${LONGEST_MIB} MiB`);
  }
  if (size > 0) yield Buffer.concat(begun).toString();
}
