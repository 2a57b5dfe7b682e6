import { z } from 'zod';
import type { BlockWiring } from '../folder/wiring.js';
import { cutName, printable } from '../text.js';
import { text, type Answer, type Endpoint } from './answer.js';
import type { TapWish } from './tap.js';
import { ALL_BLOCKS, type Taps } from './taps.js';

const upTo = (most: number, usual: number): z.ZodDefault<z.ZodCoercedNumber> =>
  z.coerce.number().int().min(1).max(most).default(usual);

/** What may be wished, and what is unless wished otherwise. */
const Wish = z.strictObject({
  blocks: z.array(z.string()),
  seconds: upTo(600, 60),
  count: upTo(10_000, 1_000),
  rate: upTo(100, 10),
  size: upTo(65_536, 2_048),
});

/** Shows messages that blocks accept. A tap is more than a look: it needs the permission to control. */
export function tapEndpoint(taps: Taps, wiring: readonly BlockWiring[]): Endpoint {
  return {
    method: 'GET',
    path: '/tap',
    purpose: 'control',
    help: 'passing messages, a line of JSON each: ?block=RESPONSIBILITY',
    answer(_request, response, { searchParams }) {
      const wish = wishOf(searchParams);
      if ('status' in wish) return wish;
      const unknown = wish.blocks.find((block) => wiring.every(({ responsibility }) => responsibility !== block));
      if (unknown !== undefined) return text(404, `there is no block ${named(unknown)} here`);
      const refused = taps.allowed.length === 0 ? '' : wish.blocks.find((block) => !taps.mayTap(block));
      if (refused !== undefined) return text(403, notAllowed(refused));
      if (taps.isFull) return text(503, 'there are too many taps of this satellite; end one of them');
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson; charset=utf-8', 'X-Accel-Buffering': 'no' });
      taps.begin(wish, response);
      return undefined;
    },
  };
}

function wishOf(parameters: URLSearchParams): TapWish | Answer {
  const { block: _, ...numbers } = Object.fromEntries(parameters);
  const { data, error } = Wish.safeParse({ ...numbers, blocks: parameters.getAll('block') });
  if (data !== undefined) return data;
  const problems = error.issues.map(({ path, message }) => [...path.map(String), message].join(': '));
  return text(400, problems.map((problem) => printable(cutName(problem))).join('\n'));
}

function notAllowed(block: string): string {
  const what = block === '' ? 'no block may be tapped' : `the block ${named(block)} may not be tapped`;
  return `${what}: list the blocks that may in "admin.tap" of sputnik.json ("${ALL_BLOCKS}" for all), and reload`;
}

function named(block: string): string {
  return JSON.stringify(printable(cutName(block)));
}
