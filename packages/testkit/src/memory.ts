import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** The collector, once somebody wants it. Bun has none that it shows this way; its figures are as they are. */
function collector(): () => void {
  if ('Bun' in globalThis) return () => {};
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** What is in use of the heap, and hangs on it, in bytes, once what nobody needs any more is gone. */
export function memoryInUse(): number {
  collect ??= collector();
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
