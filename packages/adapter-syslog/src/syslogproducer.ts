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
      // Bounds the memory; what does not fit waits in the senders' connections.
      mailbox: { capacity: 4096 },
      // Without a promise as long as there is room: the core handles that several times faster.
      onMsg(message: SyslogMessage): void | Promise<void> {
        const toProduce = { target, payload: toJson(message), contentType: 'application/json' };
        if (!producer.send(toProduce)) return waitForRoom(toProduce);
      },
    };
  },
});
