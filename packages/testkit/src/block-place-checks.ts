import assert from 'node:assert/strict';
import { defineBlock, SputnikError, type BlockFactory, type LandingReport } from '@sputnikjs/core';
import { blockChecks, failing, FLAPS, judge, type BlockRule } from './block-checks.js';
import { footprint, leftBehind } from './footprint.js';
import { PlacedFlight, type PlacedSubject } from './placed-flight.js';
import type { Check } from './suite.js';

/** Lands the satellite while it boots. */
const lander = defineBlock({
  name: 'neighbour that lands',
  make: (_config, _to, { land }) => ({ init: () => land('a neighbour lands it, as it is meant to') }),
});

/** Checks that the tested block ended in time and without a failure. */
function judgeAt({ subject }: PlacedSubject, { address }: Pick<PlacedFlight, 'address'>, report: LandingReport): void {
  judge({ ...subject, responsibility: address }, report);
}

async function fly(placed: PlacedSubject): Promise<PlacedFlight> {
  const flight = await PlacedFlight.launch(placed);
  await placed.subject.places.work?.(flight);
  judgeAt(placed, flight, await flight.land());
  return flight;
}

/** Starts it with a neighbour because of which it does not fly, and returns the error. */
async function startInVain(placed: PlacedSubject, name: string, block: BlockFactory): Promise<void> {
  const error: unknown = await PlacedFlight.launch(placed, [name, block]).then(
    () => assert.fail('the neighbour should have prevented the launch'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof SputnikError) || error.report === undefined) throw error;
  const report = error.report as LandingReport;
  const at = report.cause.block?.responsibility ?? error.block?.responsibility ?? '';
  if (!at.endsWith(name)) throw error;
  judgeAt(placed, { address: `in/${placed.subject.responsibility}` }, report);
}

async function leavesNothing({ subject, place, join }: PlacedSubject, trial: () => Promise<unknown>): Promise<void> {
  await subject.places.server?.start();
  if (place === 'process') await join();
  const before = await footprint();
  await trial();
  const left = await leftBehind(before);
  assert.ok(left.length === 0, `${subject.responsibility} left behind: ${left.join(', ')}`);
}

/** The rules for every block, as they show where its satellite is at a place. */
export const blockPlaceChecks: Readonly<Record<BlockRule, Check<PlacedSubject>>> = {
  survivesInitFailure: {
    ...blockChecks.survivesInitFailure,
    skip: undefined,
    run: (placed) => leavesNothing(placed, () => startInVain(placed, failing.responsibility, failing.block)),
  },
  landsBeforeLaunch: {
    ...blockChecks.landsBeforeLaunch,
    skip: undefined,
    run: (placed) => leavesNothing(placed, () => startInVain(placed, lander.name, lander)),
  },
  finishesInTime: {
    ...blockChecks.finishesInTime,
    skip: undefined,
    run: async (placed) => void (await fly(placed)),
  },
  sendsNothingAfterFinish: {
    ...blockChecks.sendsNothingAfterFinish,
    skip: undefined,
    async run(placed) {
      const { late } = await fly(placed);
      assert.deepEqual(late, [], `${placed.subject.responsibility} sends after its finish`);
    },
  },
  leavesNothing: {
    ...blockChecks.leavesNothing,
    skip: ({ place }) => (place === 'thread' ? 'a thread that has landed is ended, with all that it has' : undefined),
    run: (placed) => leavesNothing(placed, () => fly(placed)),
  },
  survivesOutages: {
    ...blockChecks.survivesOutages,
    skip: ({ subject }) => (subject.places.server === undefined ? 'it flies without a server' : undefined),
    async run(placed) {
      const { work, server } = placed.subject.places;
      const flight = await PlacedFlight.launch(placed);
      await work?.(flight);
      for (let time = 1; time <= FLAPS; time++) {
        await server?.stop();
        await flight.logged('disconnected', time);
        await server?.start();
        await flight.logged('connected', 1 + time);
      }
      assert.equal(flight.state, 'flying', 'an outage has brought the flight down');
      await work?.(flight);
      await server?.stop();
      judgeAt(placed, flight, await flight.land());
    },
  },
  fliesAgain: {
    ...blockChecks.fliesAgain,
    skip: undefined,
    async run(placed) {
      await fly(placed);
      await fly(placed);
    },
  },
};
