import { defineBlock } from '@sputnikjs/core';
import { PRODUCER } from '@sputnikjs/messaging';
import { z } from 'zod';

/** Sends the time to a topic, again and again. Put a block of your own in its place. */
export const ticker = defineBlock({
  name: 'ticker',
  config: z.strictObject({ topic: z.string().min(1), everyMs: z.int().positive().default(1000) }),
  needs: { producer: PRODUCER },
  make: ({ topic, everyMs }, { producer }, { clock, landing, log }) => ({
    async run() {
      log.info({ topic, everyMs }, 'ticking');
      for await (const _ of clock.every(everyMs, landing)) {
        await producer.post({ target: topic, payload: new Date().toISOString() });
      }
    },
  }),
});
