import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { RealServer } from '@sputnikjs/testkit/servers';

/** What is in the stream of `conf/nats-spool`, in its order, as a client sees it that is not ours. */
export async function storedIn({ url }: RealServer): Promise<{ readonly http: string[]; readonly syslog: string[] }> {
  const client = await connect({ servers: url });
  try {
    let left = (await (await jetstreamManager(client)).streams.info('SPUTNIK')).state.messages;
    const stored = { http: [] as string[], syslog: [] as string[] };
    const consumer = await jetstream(client).consumers.get('SPUTNIK');
    if (left > 0)
      for await (const message of await consumer.consume({ max_messages: 5_000 })) {
        if (message.subject === 'syslog') stored.syslog.push(message.json<{ content: string }>().content);
        else stored.http.push(message.string());
        if (--left === 0) break;
      }
    return stored;
  } finally {
    await client.close();
  }
}
