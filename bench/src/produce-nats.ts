import { connector, NATS_CONFIG } from '@sputnikjs/connector-nats';
import { natsServer } from '@sputnikjs/testkit/servers';
import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node';
import { connectionOf } from './connection.js';
import type { Contest, Run } from './measure.js';
import { RowScope } from './scope.js';
import { PAYLOAD, produceAll, UNDER_WAY, type Produce } from './under-way.js';

const TARGET = 'bench';
const STREAM = { name: 'BENCH', subjects: [TARGET], storage: 'file', maxBytes: 16 * 1024 * 1024, discard: 'old' };

/** Publishes to a stream on file; the baseline does so by plain publishes, and tells their acknowledgements apart in one inbox. */
export function produceToNats(): Promise<Contest> {
  return contest((bare) => {
    const publish = publishing(bare);
    return (count) => produceAll(publish, count);
  });
}

/** As {@link produceToNats}, but the baseline only counts acknowledgements: nobody hears which message was taken. */
export function produceToNatsBesideCounting(): Promise<Contest> {
  return contest(counting);
}

async function contest(baseline: (bare: NatsConnection) => Run): Promise<Contest> {
  const scope = new RowScope();
  const server = await natsServer(scope);
  await server.start();
  const ours = connector.make(NATS_CONFIG.parse({ url: server.url, streams: [STREAM] }));
  scope.after(async () => ours.disconnect());
  const { producer } = await connectionOf(ours);
  const bare = await connect({ servers: server.url });
  scope.after(() => bare.close());
  return {
    ours: (count) => produceAll(() => producer.produce({ target: TARGET, payload: PAYLOAD }), count),
    baseline: baseline(bare),
    end: () => scope.end(),
  };
}

/** Publishes one message, and resolves when its acknowledgement has come. */
function publishing(bare: NatsConnection): Produce {
  const inbox = `${createInbox()}.`;
  const underWay = new Map<number, () => void>();
  let next = 0;
  bare.subscribe(`${inbox}*`, {
    callback: (_, { subject }) => {
      const id = Number(subject.slice(inbox.length));
      underWay.get(id)?.();
      underWay.delete(id);
    },
  });
  return () =>
    new Promise<void>((resolve) => {
      underWay.set(next, resolve);
      bare.publish(TARGET, PAYLOAD, { reply: inbox + next++ });
    });
}

function counting(bare: NatsConnection): Run {
  const inbox = createInbox();
  let [sent, acknowledged, awaited] = [0, 0, 0];
  let done = (): void => {};
  const sendOn = (): void => {
    while (sent < awaited && sent - acknowledged < UNDER_WAY) {
      sent++;
      bare.publish(TARGET, PAYLOAD, { reply: inbox });
    }
  };
  bare.subscribe(inbox, {
    callback: () => {
      if (++acknowledged === awaited) done();
      else sendOn();
    },
  });
  return (count) => {
    awaited += count;
    const all = new Promise<void>((resolve) => (done = resolve));
    sendOn();
    return all;
  };
}
