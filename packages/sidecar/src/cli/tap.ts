import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { z } from 'zod';
import { EXIT } from '../run/exit-code.js';
import { printable, textOf } from '../text.js';
import { answerAs, bodyOf, openAdmin, refusal, type AdminAddress } from './admin-client.js';

/** What `tap` takes. */
export interface TapOptions extends AdminAddress {
  /** Responsibilities; all that may be tapped if there is none. */
  readonly blocks: readonly string[];
  readonly seconds?: string | undefined;
  readonly count?: string | undefined;
  readonly rate?: string | undefined;
  readonly size?: string | undefined;
  readonly json?: boolean | undefined;
}

const LIMITS = ['seconds', 'count', 'rate', 'size'] as const;

/** In one line, without the backslashes that JSON needs for JSON in a text. */
const WHOLE = { depth: null, compact: true, breakLength: Infinity, maxStringLength: null, maxArrayLength: null };

/** A line of the answer. */
const LINE = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begin'), blocks: z.array(z.string()), seconds: z.number(), rate: z.number() }),
  z.object({
    kind: z.literal('message'),
    at: z.string(),
    from: z.string(),
    to: z.string(),
    skipped: z.number().optional(),
    message: z.unknown(),
  }),
  z.object({
    kind: z.literal('end'),
    why: z.string(),
    passed: z.number(),
    shown: z.number(),
    unread: z.number(),
  }),
]);
type Line = z.infer<typeof LINE>;

/** A message of most characters, all of them escaped, is shorter. */
const LONGEST_LINE = 1024 * 1024;

/**
 * Writes messages of a running satellite as they pass, one a line, until the tap ends, or Ctrl-C. Resolves with the exit code: 1 if the
 * satellite ended first.
 */
export async function tap(options: TapOptions): Promise<number> {
  try {
    const response = await openAdmin(options, { method: 'GET', path: `/tap?${wished(options).toString()}` });
    const { statusCode = 0 } = response;
    if (statusCode !== 200) throw refusal(options, statusCode, await bodyOf(options, response));
    let isOver = false;
    const leave = (): void => {
      isOver = true;
      response.destroy();
    };
    process.once('SIGINT', leave);
    // who reads has enough: `| head`
    process.stdout.once('error', leave);
    for await (const line of linesOf(options, response)) {
      const told = answerAs(options, line, LINE);
      if (told.kind === 'end') isOver = true;
      // guard: nothing that passes steers the terminal
      if (options.json) process.stdout.write(`${printable(line)}\n`);
      else if (told.kind === 'message') process.stdout.write(`${lineOf(told)}\n`);
      else process.stderr.write(`${told.kind === 'end' ? endOf(told) : beginOf(told)}\n`);
    }
    process.off('SIGINT', leave);
    if (!isOver) throw new Error(`the satellite at ${options.admin} has ended`);
    return EXIT.clean;
  } catch (error) {
    process.stderr.write(`${textOf(error)}\n`);
    return EXIT.failure;
  }
}

function wished(options: TapOptions): URLSearchParams {
  const wish = new URLSearchParams(options.blocks.map((block): [string, string] => ['block', block]));
  for (const name of LIMITS) if (options[name] !== undefined) wish.set(name, options[name]);
  return wish;
}

/** Line by line, until the stream ends, or is cut. */
async function* linesOf({ admin }: AdminAddress, stream: Readable): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of untilCut(stream.setEncoding('utf8'))) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    // guard: a line that does not end does not fill the memory
    if (rest.length > LONGEST_LINE) throw new Error(`${admin} sends a line that is too long; is a satellite there?`);
    yield* lines;
  }
}

async function* untilCut(stream: Readable): AsyncIterable<string> {
  try {
    yield* stream as AsyncIterable<string>;
  } catch {
    // whoever reads the lines sees that the last one is missing
  }
}

function lineOf({ at, from, to, skipped, message }: Extract<Line, { kind: 'message' }>): string {
  const left = skipped === undefined ? '' : `  (${skipped} not shown before it)`;
  return printable(`${at.slice(11, 23)}  ${from} → ${to}  ${inspect(message, WHOLE)}${left}`);
}

function beginOf({ blocks, seconds, rate }: Extract<Line, { kind: 'begin' }>): string {
  const whose = blocks.length === 0 ? 'all blocks' : blocks.join(', ');
  return printable(`messages of ${whose}, at most ${rate} a second, for ${seconds} s; Ctrl-C ends it`);
}

function endOf({ why, passed, shown, unread }: Extract<Line, { kind: 'end' }>): string {
  const slow = unread > 0 ? ` (${unread} were left out because they were not read in time)` : '';
  return printable(`${shown} of ${passed} messages were shown${slow}; it ended because ${why}`);
}
