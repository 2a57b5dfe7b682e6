import assert from 'node:assert/strict';
import { FOREIGN_GREETINGS, foreignServer } from './foreign-server.js';
import { footprint, leftBehind } from './footprint.js';
import { gate } from './gate.js';
import { within } from './in-time.js';
import { numbered } from './messages.js';
import { has, needs, onStage } from './messaging-checks.js';
import { COPIES, copyByTwo } from './messaging-copy.js';
import { PATIENCE_MS, Stage } from './messaging-stage.js';
import type { MessagingTrial } from './messaging-trial.js';
import { muteServer } from './mute-server.js';
import type { Check } from './suite.js';

/** Messages of a blast that a landing comes into the middle of. */
const SUBMITTED = 10_000;

type OutageRule =
  | 'startsWithoutServer'
  | 'bearsMuteServer'
  | 'bearsForeignServer'
  | 'survivesFreeze'
  | 'isNotLetIn'
  | 'landsInTheMiddle'
  | 'copiesAcrossKill'
  | 'copiesAcrossLanding';

/** What becomes of messages when the server is frozen or away. */
export const outageChecks: Readonly<Record<OutageRule, Check<MessagingTrial>>> = {
  startsWithoutServer: {
    rule: 'a satellite starts without its server, says why it has none, and delivers when it comes',
    run: onStage(async (stage) => {
      const destination = await stage.destination();
      const { server } = stage.trial;
      await server.stop();
      const flight = await stage.launch();
      const produced = flight.produce(destination.target, 'patient');
      await within(PATIENCE_MS, 'the failure of an attempt', flight.event('connectFailed', 1));
      const [failure] = flight.failures;
      assert.ok(
        failure instanceof Error && failure.message.includes(`${server.port}`),
        `the error does not say where: ${String(failure)}`,
      );
      await server.start();
      await within(PATIENCE_MS, 'the delivery', produced);
    }),
  },
  bearsMuteServer: {
    rule: 'a server that accepts connections and says nothing delays nobody: attempts end, and the satellite lands',
    async run(trial) {
      const [stage, mute, before] = [new Stage(trial), await muteServer(), await footprint()];
      try {
        const flight = await stage.launch(undefined, mute.port);
        await within(PATIENCE_MS, 'the end of an attempt', flight.event('connectFailed', 1));
        const { clean } = await within(PATIENCE_MS, 'the landing', flight.land());
        assert.ok(clean, 'the landing is not clean');
        const left = await leftBehind(before);
        assert.ok(mute.connections === 0 && left.length === 0, `after the landing there is more: ${left.join(', ')}`);
      } finally {
        await stage.end();
        await mute.close();
      }
    },
  },
  bearsForeignServer: {
    rule: 'a server that speaks another protocol makes attempts fail with an error that names where, and the satellite lands',
    async run(trial) {
      for (const greeting of FOREIGN_GREETINGS) {
        const [stage, foreign, before] = [new Stage(trial), await foreignServer(greeting), await footprint()];
        const said = JSON.stringify(greeting);
        try {
          const flight = await stage.launch(undefined, foreign.port);
          await within(PATIENCE_MS, `the end of two attempts at ${said}`, flight.event('connectFailed', 2));
          for (const failure of flight.failures)
            assert.ok(
              failure instanceof Error && failure.message.includes(`${foreign.port}`),
              `the error at ${said} does not say where: ${String(failure)}`,
            );
          const { clean } = await within(PATIENCE_MS, 'the landing', flight.land());
          assert.ok(clean, `the landing is not clean after ${said}`);
          const left = await leftBehind(before);
          assert.ok(left.length === 0, `after the landing there is more: ${left.join(', ')}`);
        } finally {
          await stage.end();
          await foreign.close();
        }
      }
    },
  },
  survivesFreeze: {
    rule: 'a frozen server is noticed by the heartbeat; when it goes on, nothing is lost',
    run: onStage(async (stage) => {
      const destination = await stage.destination();
      const [flight, witness] = [await stage.launch(), await stage.witness(destination)];
      await within(PATIENCE_MS, 'the first connection', flight.event('connected', 1));
      await flight.produce(destination.target, '0');
      await stage.trial.server.freeze();
      const rest = Promise.all(
        numbered(500)
          .slice(1)
          .map((payload) => flight.produce(destination.target, payload)),
      );
      await within(PATIENCE_MS, 'the report of the loss', flight.event('disconnected', 1));
      await stage.trial.server.thaw();
      await within(PATIENCE_MS, 'the delivery', rest);
      const seen = await witness.seen((payload) => flight.produce(destination.target, payload));
      assert.deepEqual([...new Set(seen)], numbered(500));
    }),
  },
  isNotLetIn: {
    rule: 'wrong credentials make an attempt fail at once, with an error that names them',
    skip: has('makeUnwelcome'),
    run: onStage(async (stage) => {
      const connector = stage.trial.makeUnwelcome?.(stage.trial.server.port);
      const before = await footprint();
      await assert.rejects(stage.connect(connector), /password|credential|token|user/i);
      await connector?.disconnect();
      const left = await leftBehind(before);
      assert.ok(left.length === 0, `after the attempt there is more than before: ${left.join(', ')}`);
    }),
  },
  landsInTheMiddle: {
    rule: 'a landing in the middle of a blast delivers all that was accepted, and the report says so',
    run: onStage(async (stage) => {
      const destination = await stage.destination();
      const [flight, witness] = [await stage.launch(), await stage.witness(destination)];
      await within(PATIENCE_MS, 'the first connection', flight.event('connected', 1));
      const resolved: string[] = [];
      const middle = gate();
      let refused = 0;
      const settled = numbered(SUBMITTED).map(async (payload) => {
        try {
          await flight.produce(destination.target, payload);
        } catch {
          return void refused++;
        }
        if (resolved.push(payload) === 1_000) middle.open();
      });
      await within(PATIENCE_MS, 'the middle', middle.passed);
      const report = await within(PATIENCE_MS, 'the landing', flight.land());
      await Promise.all(settled);
      assert.deepEqual([report.clean, report.dropped, report.failures], [true, [], []]);
      assert.equal(resolved.length + refused, SUBMITTED);
      const { connection } = await stage.connect();
      const seen = await witness.seen((payload) =>
        connection.producer.produce({ target: destination.target, payload }),
      );
      // acknowledgements may come in any order
      const inOrder = resolved.toSorted((a, b) => Number(a) - Number(b));
      // On a loaded machine a heartbeat may be late; what was under way is then sent again.
      const once = flight.losses > 0 ? [...new Set(seen)] : seen;
      assert.deepEqual(once, inOrder, 'what was acknowledged is not what is there, in order');
    }),
  },
  copiesAcrossKill: {
    rule: 'a satellite that copies messages loses none, although the server is killed and the satellite lands in the middle',
    skip: needs('consumer', 'keeps', 'durable'),
    run: onStage(async (stage, tell) => {
      const { server } = stage.trial;
      const copies = await copyByTwo(stage, async (first, witness) => {
        await server.stop();
        await server.start();
        await witness.watch();
        await within(PATIENCE_MS, 'connection 2', first.event('connected', 2));
      });
      assert.deepEqual(new Set(copies), new Set(numbered(COPIES)));
      tell(`${COPIES} messages copied, ${copies.length - COPIES} of them twice`);
    }),
  },
  copiesAcrossLanding: {
    rule: 'a satellite that copies messages and lands in the middle leaves the rest to the next one: each is copied once',
    skip: needs('consumer', 'keeps'),
    run: onStage(async (stage) => {
      const copies = await copyByTwo(stage);
      assert.deepEqual(
        copies.toSorted((a, b) => Number(a) - Number(b)),
        numbered(COPIES),
      );
    }),
  },
};
