import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { PRODUCER, type ProduceMessage } from '@sputnikjs/sidecar';
import { z } from 'zod';
import { toJson } from './json.js';
import type { SyslogMessage } from './message.js';

const Config = z.strictObject({
  /** Where the messages go: a topic, subject, stream or queue, in the server's spelling. */
  target: z.string().min(1).default('syslog'),
});

/** Hands parsed syslog messages on to the producer of the server, as JSON. */
export const syslogproducer: BlockDefinition = defineBlock({
  name: 'syslogproducer',
  config: Config,
  needs: { producer: PRODUCER },
  make: ({ target }, { producer }) => {
    const waitForRoom = async (message: ProduceMessage): Promise<void> => {
      if (await producer.post(message)) return;
      throw new Error(
        `block "${producer.descriptor.responsibility}" takes no messages; wire "producer" to one that does`,
      );
    };
    return {
      // What does not fit waits in the senders' connections. A longer queue costs more time than it is worth: what lives
      // long is copied again and again by the garbage collector (4096: half as much CPU again per message).
      mailbox: { capacity: 1024 },
      // Without a promise as long as there is room: the core handles that several times faster.
      onMsg(message: SyslogMessage): void | Promise<void> {
        // Bytes, for the server needs them anyway, and in a queue they are no burden to the garbage collector.
        const toProduce = { target, payload: Buffer.from(toJson(message)), contentType: 'application/json' };
        if (!producer.send(toProduce)) return waitForRoom(toProduce);
      },
    };
  },
});
