import { PRODUCER } from '@sputnikjs/messaging';
import { blockConformance, echoBlock } from '@sputnikjs/testkit';
import { webhook } from '@sputnikjs/adapter-webhook';
import { message, SECRET } from './flights.js';

blockConformance('webhook', {
  block: webhook,
  neighbours: { [PRODUCER]: echoBlock() },
  config: { webhook: { url: 'http://127.0.0.1:9/', secret: SECRET, allowedNetworks: ['127.0.0.1'], maxAttempts: 1 } },
  work: async (flight) => {
    // nobody listens there
    await flight
      .to('webhook')
      .ask(message('x'))
      .catch(() => {});
  },
});
