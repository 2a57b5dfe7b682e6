import assert from 'node:assert/strict';
import { SputnikError, type BlockFactory, type LandingReport } from '@sputnikjs/core';
import { footprint, leftBehind } from './footprint.js';
import { inRealTime } from './real-time.js';
import { Rig, type FlightBlock, type TestFlightOptions } from './rig.js';
import type { ConnectorTrial } from './connector-trial.js';
import type { PlacedFlight } from './placed-flight.js';
import { testRunner } from './runner.js';
import type { Check } from './suite.js';
import { TestFlight } from './test-flight.js';

/** A block to test, and what it needs for a flight. */
export interface BlockTrial<C = unknown> extends Omit<TestFlightOptions<C>, 'blocks'> {
  readonly block: BlockFactory<NoInfer<C>>;
  /** Blocks that it needs, by responsibility: stand-ins such as `echoBlock()`, or real ones. They are initialised before it. */
  readonly neighbours?: Readonly<Record<string, BlockFactory<NoInfer<C>>>> | undefined;
  /** Gives the block something to do in flight, so that it has something to clean up. It must close what it opens itself. */
  readonly work?: ((flight: TestFlight) => unknown) | undefined;
  /** If given, the rules are tried at each place, too: here, with clones, in a thread and in a process. That takes the package of the sidecar. */
  readonly places?: Places | undefined;
}

/** What it takes to fly a block in a satellite of its own, at any place, in real time. Configurations have to be plain data. */
export interface Places {
  /** The module that exports the block, as `blocks.json` names it. */
  readonly module: string;
  /** The `connector.json` of its satellite. Without it, that has no server. */
  readonly connector?: Readonly<Record<string, unknown>> | undefined;
  /** That server. It is running when a trial begins; without it no outage is tried. */
  readonly server?: ConnectorTrial['server'];
  /** As `work` of the trial. */
  readonly work?: ((flight: Pick<PlacedFlight, 'to' | 'recorder'>) => unknown) | undefined;
}

/** A trial, and the address of the block. */
export interface BlockSubject extends BlockTrial {
  readonly responsibility: string;
}

/** Time that passes after a landing, so that anything left running shows, in milliseconds. */
const AFTERMATH_MS = 60_000;
export const FLAPS = 3;

/** Listed last, so that the tested block is initialised when this one fails. */
export const failing: FlightBlock = {
  responsibility: 'neighbour that fails',
  block: () => ({
    init() {
      throw new Error('this neighbour fails to initialise, as it is meant to');
    },
    run() {},
    finish() {},
  }),
};

function rigFor(
  { responsibility, block, neighbours = {}, ...trial }: BlockSubject,
  ...others: FlightBlock[]
): Rig<unknown> {
  const before = Object.entries(neighbours).map(([address, factory]) => ({ responsibility: address, block: factory }));
  return new Rig({ ...trial, blocks: [...before, { responsibility, block }, ...others] });
}

async function launch(subject: BlockSubject): Promise<TestFlight> {
  const rig = rigFor(subject);
  return TestFlight.launch(rig, await rig.prepare(), testRunner().afterTest);
}

/** Checks that the block ended in time and without a failure. Other blocks do not matter. */
export function judge({ responsibility }: BlockSubject, { unfinished, failures }: LandingReport): void {
  const hanging = unfinished.filter(({ block }) => block.responsibility === responsibility);
  const callbacks = hanging.map(({ callback }) => callback).join(', ');
  assert.ok(hanging.length === 0, `${responsibility} did not end before its deadline: ${callbacks}`);
  const failure = failures.find(({ block }) => block.responsibility === responsibility);
  if (failure) throw new Error(`${responsibility}.${failure.callback} failed`, { cause: failure.error });
}

/** Checks that `trial` leaves no timer, and nothing else that keeps the process alive. */
async function assertLeavesNothing(
  { responsibility }: BlockSubject,
  trial: () => Promise<Pick<TestFlight, 'clock'>>,
): Promise<void> {
  const before = await footprint();
  const { clock } = await trial();
  const left = await leftBehind(before);
  assert.ok(left.length === 0, `${responsibility} left behind: ${left.join(', ')}`);
  assert.ok(clock.pending === 0, `${responsibility} left ${clock.pending} timers of ctx.clock; give them ctx.signal`);
}

async function fly(subject: BlockSubject): Promise<TestFlight> {
  const flight = await launch(subject);
  await subject.work?.(flight);
  judge(subject, await flight.land());
  return flight;
}

/** The names of the rules. */
export type BlockRule =
  | 'survivesInitFailure'
  | 'landsBeforeLaunch'
  | 'finishesInTime'
  | 'sendsNothingAfterFinish'
  | 'leavesNothing'
  | 'survivesOutages'
  | 'fliesAgain';

/** The rules for every block. */
export const blockChecks: Readonly<Record<BlockRule, Check<BlockSubject>>> = {
  survivesInitFailure: {
    rule: 'when the init of a neighbour fails, it is finished with init = true and leaves nothing behind',
    run: (subject) =>
      assertLeavesNothing(subject, async () => {
        const rig = rigFor(subject, failing);
        const error: unknown = await rig.prepare().then(
          () => assert.fail('the neighbour should have failed'),
          (reason: unknown) => reason,
        );
        if (!(error instanceof SputnikError) || error.block?.responsibility !== failing.responsibility) throw error;
        judge(subject, error.report as LandingReport);
        return rig;
      }),
  },
  landsBeforeLaunch: {
    rule: 'when the satellite lands before its launch, it is finished with init = true and leaves nothing behind',
    run: (subject) =>
      assertLeavesNothing(subject, async () => {
        const rig = rigFor(subject);
        const flight = await rig.prepare();
        judge(subject, await inRealTime(rig.clock, flight.shootDown()));
        return rig;
      }),
  },
  finishesInTime: {
    rule: 'it ends before its deadline, without a failure',
    run: async (subject) => void (await fly(subject)),
  },
  sendsNothingAfterFinish: {
    rule: 'it sends nothing after its finish',
    async run(subject) {
      const { clock, recorder } = await fly(subject);
      await clock.advance(AFTERMATH_MS);
      const late = recorder.lines.filter((line) => line.startsWith(`${subject.responsibility} sends to `));
      assert.deepEqual(late, [], `${subject.responsibility} sends after its finish`);
    },
  },
  leavesNothing: {
    rule: 'it leaves no handle, timer or listener behind',
    run: (subject) => assertLeavesNothing(subject, () => fly(subject)),
  },
  survivesOutages: {
    rule: 'it survives a server that comes and goes, and lands in good order while that is away',
    skip: ({ connection }) => (connection === undefined ? 'it flies without a server' : undefined),
    async run(subject) {
      const flight = await launch(subject);
      await subject.work?.(flight);
      await flight.server.flap(FLAPS);
      if (flight.status().state !== 'flying') judge(subject, await flight.land());
      assert.equal(flight.status().state, 'flying', 'an outage has brought the flight down');
      await subject.work?.(flight);
      await flight.server.drop();
      judge(subject, await flight.land());
    },
  },
  fliesAgain: {
    rule: 'it flies again in the same process',
    async run(subject) {
      await fly(subject);
      await fly(subject);
    },
  },
};
