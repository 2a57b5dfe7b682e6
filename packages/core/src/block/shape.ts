import type { AnyBlock } from './block.js';

const CALLBACKS: ReadonlySet<string> = new Set<keyof AnyBlock>([
  'onServerConnect',
  'onServerDisconnect',
  'onMsg',
  'onMsgs',
  'onLanding',
  'onError',
]);

/** What is missing from a block, or does not fit. One in the original's form has to have all of its mandatory callbacks. */
export function* shapeProblems(made: unknown, isOriginal: boolean, hasServer: boolean): Iterable<string> {
  // guard: B2 a factory returns a block
  if (typeof made !== 'object' || made === null) return yield 'its factory returned no block';
  const block: Partial<AnyBlock> = made;
  for (const name of ['init', 'run', 'finish'] as const) {
    // guard: B2 a block of the original has all callbacks
    if (isOriginal && typeof block[name] !== 'function') yield `its callback ${name} is missing`;
  }
  for (const name of ['onServerConnect', 'onServerDisconnect'] as const) {
    // guard: B2 who waits for a server has a connector
    if (block[name] && !hasServer) yield `it has ${name}, which needs a server connector; the satellite has none`;
  }
  // guard: B2 callbacks that nobody calls are a problem
  for (const name of strayCallbacks(block)) {
    yield `it has ${name}, which is not a callback; the callbacks that begin like it are ${[...CALLBACKS].join(', ')}`;
  }
  // guard: M8 a block has onMsg or onMsgs
  if (block.onMsg && block.onMsgs) yield 'it has both onMsg and onMsgs; keep one of them';
  const { capacity = 1, concurrency = 1, batch = 1, weigh, maxWeight = 1, whenFull = 'reject' } = block.mailbox ?? {};
  for (const [name, bound] of Object.entries({ capacity, concurrency, batch, maxWeight })) {
    // guard: B2 bounds of mailboxes are positive integers
    if (!Number.isInteger(bound) || bound < 1) yield `its mailbox.${name} must be a positive integer, not ${bound}`;
  }
  // guard: B2 a mailbox that weighs has a bound, and one with a bound weighs
  if ((weigh === undefined) !== (block.mailbox?.maxWeight === undefined)) {
    yield 'its mailbox.weigh and mailbox.maxWeight go together; give both or neither';
  }
  // guard: B2 a full mailbox rejects or drops
  if (!['reject', 'drop-oldest'].includes(whenFull)) {
    yield `its mailbox.whenFull must be "reject" or "drop-oldest", not "${whenFull}"`;
  }
}

/** Members, the block's own and those of its class, that are named like a callback and are none. */
function strayCallbacks(block: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = block; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null)
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  return [...names].filter((name) => /^on[A-Z]/.test(name) && !CALLBACKS.has(name));
}
