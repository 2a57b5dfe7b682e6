import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Stores messages, and says so. */
export const WRITER: string = fileURLToPath(new URL('fixtures/writer.js', import.meta.url));
/** All that changes files. */
const CALLS = 'openat,write,writev,pwrite64,pwritev,fdatasync,fsync,rename,unlink,ftruncate,mkdir,close';

/** A system call that has succeeded. */
export interface TracedCall {
  readonly name: string;
  /** Texts and bytes are strings of Latin-1. */
  readonly args: readonly (string | number)[];
  readonly result: number;
}

/** Runs the writer under strace, with faults if there are some (`-e inject=…`). Resolves with what it printed. */
export async function trace(
  folder: string,
  seed: number,
  to: string,
  faults: readonly string[] = [],
): Promise<string[]> {
  const options = [
    '-f',
    '-qq',
    '-xx',
    '-s',
    '10000000',
    '-e',
    `trace=${CALLS}`,
    '-e',
    'signal=none',
    '-o',
    to,
    ...faults,
  ];
  // One thread for files: strace counts calls by thread.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  // A file: a pipe that nobody reads in time would refuse what is said.
  const output = openSync(`${to}.said`, 'w');
  const stdio = ['pipe', output, 'pipe'] as const;
  const child = spawn('strace', [...options, process.execPath, WRITER, folder, `${seed}`], { env, stdio: [...stdio] });
  closeSync(output);
  const errors: string[] = [];
  child.stderr?.on('data', (text: Buffer) => errors.push(text.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const wasKilled = faults.some((fault) => fault.includes('signal=KILL'));
  if (code !== 0 && !wasKilled) throw new Error(`it ended with ${code ?? signal}: ${errors.join('')}`);
  return readFileSync(`${to}.said`, 'utf8').split('\n').slice(0, -1);
}

/** The calls of a trace that have succeeded, in the order in which they ended. */
export function* callsIn(path: string): Generator<TracedCall, void> {
  const begun = new Map<string, string>();
  for (const line of readFileSync(path, 'latin1').split('\n')) {
    const [, pid = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = / <unfinished \.\.\.>$/.exec(text);
    if (unfinished) {
      begun.set(pid, text.slice(0, unfinished.index));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text);
    const whole = resumed ? `${begun.get(pid) ?? ''}${text.slice(resumed[0].length)}` : text;
    const [, name = '', args = '', result = '-1'] = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(whole) ?? [];
    if (name !== '' && Number(result) >= 0) yield { name, args: argsOf(args), result: Number(result) };
  }
}

/** Strings, numbers, and words as they are. */
function argsOf(text: string): (string | number)[] {
  const found = text.matchAll(/"((?:\\x[0-9a-f]{2})*)"|iov_len=\d+|iov_base=|[\w|]+/g);
  return [...found]
    .filter(([word]) => !word.startsWith('iov_'))
    .map(([word, bytes]) => {
      if (bytes !== undefined) return Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString('latin1');
      return /^\d+$/.test(word) ? Number(word) : word;
    });
}
