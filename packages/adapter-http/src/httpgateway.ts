import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { PRODUCER } from '@sputnikjs/sidecar';
import { HTTP_GATEWAY_CONFIG } from './config.js';
import { makeDesk } from './desk.js';
import { authority } from './failures.js';
import { Listener } from './listener.js';

/**
 * Takes messages by HTTP and gives them to the producer: `POST /produce/<target>` is answered 202 once the server has taken
 * the body, 503 while the server is away or too much waits for it. Its codes are in `REFUSALS`.
 */
export const httpgateway: BlockDefinition = defineBlock({
  name: 'httpgateway',
  config: HTTP_GATEWAY_CONFIG,
  needs: { producer: PRODUCER },
  make: (config, { producer }, ctx) => {
    const desk = makeDesk(producer, config, ctx);
    let listener: Listener | undefined;
    return {
      async init() {
        const { log, clock } = ctx;
        const opening = new Listener({ ...config, produce: desk.produce, log, clock });
        const port = await opening.open();
        listener = opening;
        const { host } = config;
        log.info(
          { event: 'listening', protocol: 'http', host, port, url: `http://${authority(host, port)}` },
          `listening for HTTP on http://${authority(host, port)}`,
        );
      },
      onServerConnect: () => desk.open(),
      onServerDisconnect: () => desk.shut(),
      onLanding: () => listener?.land(),
      async finish() {
        desk.shut();
        await listener?.close();
      },
    };
  },
});
