import { connector, REDIS_CONFIG } from '@sputnikjs/connector-redis';
import { redisServer } from '@sputnikjs/testkit/servers';
import { Redis } from 'ioredis';
import { connectionOf } from './connection.js';
import type { Contest, Run } from './measure.js';
import { RowScope } from './scope.js';
import { PAYLOAD, produceAll, UNDER_WAY } from './under-way.js';

const TARGET = 'bench';
const MAX_LENGTH = 10_000;

/** Appends to a stream; the baseline is ioredis with pipelines, which is faster than its auto-pipelining. */
export async function produceToRedis(): Promise<Contest> {
  const scope = new RowScope();
  // with a sync at each answer the disk would be measured
  const server = await redisServer(scope, ['appendfsync everysec']);
  await server.start();
  const ours = connector.make(REDIS_CONFIG.parse({ url: server.url, maxLength: MAX_LENGTH }));
  scope.after(async () => ours.disconnect());
  const { producer } = await connectionOf(ours);
  const bare = new Redis(server.port, '127.0.0.1');
  scope.after(async () => bare.disconnect());
  return {
    ours: (count) => produceAll(() => producer.produce({ target: TARGET, payload: PAYLOAD }), count),
    baseline: pipelining(bare),
    end: () => scope.end(),
  };
}

/** Two pipelines at once: while the server answers one, the library reads and writes the other. */
function pipelining(bare: Redis): Run {
  const payload = Buffer.from(PAYLOAD);
  return async (count) => {
    let left = count;
    const inTurn = async (): Promise<void> => {
      while (left > 0) {
        const size = Math.min(left, UNDER_WAY / 2);
        left -= size;
        const pipeline = bare.pipeline();
        for (let i = 0; i < size; i++) pipeline.xadd(TARGET, 'MAXLEN', '~', MAX_LENGTH, '*', 'payload', payload);
        for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
      }
    };
    await Promise.all([inTurn(), inTurn()]);
  };
}
