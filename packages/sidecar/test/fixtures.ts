/** Modules for fixture folders, as a user of the framework would write them. */

/** A block that listens on a port; one that talks to another; one that hangs when it is finished. */
export const BLOCKS = `
import { createServer } from 'node:net';
import { once } from 'node:events';
import { defineBlock } from '@sputnikjs/core';
import { z } from 'zod';

export const listener = defineBlock({
  name: 'listener',
  config: z.strictObject({ port: z.number(), host: z.string().default('127.0.0.1'), password: z.string().default('') }),
  make: ({ port, host, password }, _to, ctx) => {
    const server = createServer();
    return {
      async init() {
        server.listen(port, host);
        await once(server, 'listening');
        ctx.log.info({ event: 'listening', port: server.address().port, secret: password === 'hunter2' }, 'listening');
      },
      finish: () => void server.close(),
    };
  },
});

export const talker = defineBlock({ name: 'talker', needs: { ear: 'ear' }, make: () => ({}) });

export const hanger = defineBlock({
  name: 'hanger',
  make: () => ({ finish: () => new Promise(() => setInterval(() => {}, 1000)) }),
});

export const original = defineBlock({
  name: 'original',
  make: () => ({ init: async (config) => void (await config('elsewhere', z.strictObject({ url: z.string() }))) }),
});

export const failing = defineBlock({ name: 'failing', make: () => ({ run: () => { throw new TypeError('a bug'); } }) });
`;

/** A server connector that starts a server of its own. */
export const CONNECTOR = `
import { createServer } from 'node:net';
import { once } from 'node:events';
import { defineConnector } from '@sputnikjs/messaging';
import { z } from 'zod';

export const connector = defineConnector({
  name: 'own',
  config: z.strictObject({ port: z.number(), user: z.string() }),
  make: ({ port }) => {
    const server = createServer();
    let up = false;
    return {
      async start() {
        server.listen(port, '127.0.0.1');
        await once(server, 'listening');
      },
      connect: () => ((up = true), {}),
      isConnected: () => up,
      disconnect: () => void server.close(),
    };
  },
});
`;

/** A block that lands the satellite as soon as it flies. */
export const LANDER = `
import { defineBlock } from '@sputnikjs/core';
export default defineBlock({ name: 'lander', make: (_config, _to, ctx) => ({ run: () => ctx.land('done') }) });
`;
