import assert from 'node:assert/strict';
import { cutProxy } from './cut-proxy.js';
import { assertAllSeen, blast, UNDER_WAY, type BlastSize } from './messaging-blast.js';
import { needs, onStage } from './messaging-checks.js';
import type { MessagingTrial } from './messaging-trial.js';
import type { Check } from './suite.js';

type BlastRule = 'survivesKills' | 'bearsKills' | 'survivesCuts';

/** What becomes of a blast of messages while the server is killed, or the connection cut. */
export function blastChecks(size: BlastSize): Readonly<Record<BlastRule, Check<MessagingTrial>>> {
  const { messages, outages } = size;
  const times = outages === 1 ? 'once' : `${outages} times`;
  return {
    survivesKills: {
      rule: `of ${messages} messages none that was acknowledged is lost when the server is killed with SIGKILL ${times}`,
      skip: needs('durable'),
      run: onStage(async (stage, tell) => {
        const destination = await stage.destination();
        const [flight, witness] = [await stage.launch(), await stage.witness(destination)];
        const { server } = stage.trial;
        await blast(flight, destination, size, async () => {
          await server.stop();
          await server.start();
        });
        await assertAllSeen(witness, flight, destination, size, tell, stage.trial.gapsAtKill);
      }),
    },
    bearsKills: {
      rule: `when a server that keeps nothing is killed ${times}, a subscriber misses no more than was under way`,
      skip: ({ features }) => (features.durable ? 'it declares: durable' : undefined),
      run: onStage(async (stage, tell) => {
        const destination = await stage.destination();
        const [flight, witness] = [await stage.launch(), await stage.witness(destination)];
        const { server } = stage.trial;
        const { resolved } = await blast(flight, destination, size, async (blasting) => {
          blasting.pause();
          await server.stop();
          await server.start();
          await witness.watch();
          blasting.goOn();
        });
        const seen = new Set(await witness.seen((payload) => flight.produce(destination.target, payload)));
        const lost = resolved.filter((payload) => !seen.has(payload)).length;
        assert.ok(lost <= outages * UNDER_WAY, `${lost} are lost, more than were under way at the kills`);
        tell(`${messages} messages acknowledged, ${lost} of them never seen`);
      }),
    },
    survivesCuts: {
      rule: `of ${messages} messages none is lost, and none out of order, when the connection is cut ${times}`,
      run: onStage(async (stage, tell) => {
        const destination = await stage.destination();
        const proxy = await cutProxy(stage.trial.server.port);
        stage.atEnd(() => proxy.close());
        const [flight, witness] = [await stage.launch(undefined, proxy.port), await stage.witness(destination)];
        await blast(flight, destination, size, async () => proxy.cut());
        await assertAllSeen(witness, flight, destination, size, tell);
      }),
    },
  };
}
