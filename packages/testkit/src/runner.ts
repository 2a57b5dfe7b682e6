/** How long a test of a suite may take in runners that would end it after 5 s; its own deadlines are shorter. */
const SUITE_TIMEOUT_MS = 120_000;

/** Registers a cleanup for the end. If it rejects, the test fails. */
export type AtEnd = (cleanUp: () => Promise<void>) => void;

/** What the testkit needs of a test runner. */
export interface TestRunner {
  readonly describe: (title: string, register: () => void) => void;
  /** Registers a test. `skip` is why it cannot run, if so; `tell` shows a line beside the result. */
  readonly test: (
    title: string,
    skip: string | undefined,
    run: (tell: (line: string) => void) => Promise<void>,
  ) => void;
  /** At the end of the suite that is being described. */
  readonly afterSuite: AtEnd;
  /** At the end of the test under way. */
  readonly afterTest: AtEnd;
}

type Register = (title: string, run: () => Promise<void>, timeoutMs: number) => void;

/** What vitest and bun have in common, as far as it is used here. */
interface Globals {
  readonly describe: (title: string, register: () => void) => void;
  readonly test: Register & { readonly skip: Register };
  readonly afterAll: AtEnd;
  readonly onTestFinished: AtEnd;
}

function likeJest({ describe, test, afterAll, onTestFinished }: Globals): TestRunner {
  return {
    describe,
    test(title, skip, run) {
      const register = skip === undefined ? test : test.skip;
      const shown = skip === undefined ? title : `${title} (${skip})`;
      register(shown, () => run((line) => process.stdout.write(`${title}: ${line}\n`)), SUITE_TIMEOUT_MS);
    },
    afterSuite: afterAll,
    afterTest: onTestFinished,
  };
}

async function nodes(): Promise<TestRunner> {
  const { after, describe, test } = await import('node:test');
  return {
    describe: (title, register) => void describe(title, register),
    test: (title, skip, run) => void test(title, { skip: skip ?? false }, (t) => run((line) => t.diagnostic(line))),
    afterSuite: after,
    afterTest: after,
  };
}

/** Not to be found by the compiler, since they are there only for those who use them. */
const load = async (module: string): Promise<TestRunner> => likeJest((await import(module)) as Globals);

/** The runner of this process. Each says in its own way that it is there; only Node's says nothing, so it comes last. */
async function find(): Promise<TestRunner | undefined> {
  if ('Bun' in globalThis) return load('bun:test');
  if (process.env['VITEST'] !== undefined) return load('vitest');
  const isOther = 'Deno' in globalThis || 'describe' in globalThis || process.env['JEST_WORKER_ID'] !== undefined;
  return isOther ? undefined : nodes();
}

const found: TestRunner | Error = await find().then(
  (runner) => runner ?? new Error('it is none of node:test, vitest and bun test'),
  (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
);

/** Returns the test runner. Throws if the testkit does not know it. */
export function testRunner(): TestRunner {
  if (!(found instanceof Error)) return found;
  const what = 'the testkit cannot use this test runner';
  const remedy = "give testFlight or spawnSidecar the runner's hook for the end of a test, as the option `after`";
  throw new Error(`${what} (${found.message}), so a failed block would not fail the test; ${remedy}`, { cause: found });
}
