import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { RealServer } from '@sputnikjs/testkit/servers';
import { Redis } from 'ioredis';

/** A message as a server has it. */
export interface Stored {
  readonly target: string;
  readonly payload: string;
}

/** Entries of a stream of Redis that are read at once. */
const PAGE = 1_000;

/** What is in the stream of `conf/nats-spool`, in its order, as a client sees it that is not ours. */
export async function* storedInJetStream({ url }: RealServer): AsyncGenerator<Stored, void> {
  const client = await connect({ servers: url });
  try {
    let left = (await (await jetstreamManager(client)).streams.info('SPUTNIK')).state.messages;
    const consumer = await jetstream(client).consumers.get('SPUTNIK');
    if (left > 0)
      for await (const message of await consumer.consume({ max_messages: 5_000 })) {
        yield { target: message.subject, payload: message.string() };
        if (--left === 0) break;
      }
  } finally {
    await client.close();
  }
}

/** What is in all streams of Redis, in their order, as a client sees it that is not ours. */
export async function* storedInRedis({ port }: RealServer): AsyncGenerator<Stored, void> {
  const client = new Redis(port, '127.0.0.1');
  try {
    for (const target of (await client.keys('*')).toSorted())
      for (let from = '-'; ;) {
        const entries = await client.xrange(target, from, '+', 'COUNT', PAGE);
        for (const [, fields] of entries) yield { target, payload: fields[fields.indexOf('payload') + 1] ?? '' };
        const last = entries.at(-1);
        if (last === undefined) break;
        from = `(${last[0]}`;
      }
  } finally {
    client.disconnect();
  }
}
