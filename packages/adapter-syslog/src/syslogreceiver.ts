import { defineBlock, type BlockDefinition, type Responsibility } from '@sputnikjs/core';
import { ProblemLog, watchFiles } from '@sputnikjs/messaging/net';
import { checkReceiver } from './checks.js';
import { summed, type NamedCounts, type SyslogCounts } from './receive/counts.js';
import { Dispatcher } from './receive/dispatcher.js';
import type { Listener } from './receive/intake.js';
import { listenerMetrics } from './receive/listener-metrics.js';
import { openListeners } from './receive/listeners.js';
import { SYSLOG_PRODUCER } from './parse/message.js';
import { RECEIVER_CONFIG } from './receive/receiver-config.js';

/** Address of the receiver. It answers any question with its counts. */
export const SYSLOG_RECEIVER: Responsibility<object, SyslogCounts> = 'syslogreceiver';

/**
 * The block `syslogreceiver`: receives syslog messages, parses them, and passes them to its `publisher`.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { createSocket } from 'node:dgram';
 * import { test } from 'node:test';
 * import { syslogreceiver, type SyslogMessage } from '@sputnikjs/adapter-syslog';
 * import { echoBlock, testFlight } from '@sputnikjs/testkit';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * test('a datagram is passed on', async () => {
 *   const syslogproducer = echoBlock<SyslogMessage>();
 *   const config = { syslogreceiver: { host: '127.0.0.1', port: await freePort(), tcp: false } };
 *   await testFlight({ blocks: { syslogproducer, syslogreceiver }, config });
 *   const sender = createSocket('udp4');
 *   sender.send('<13>hello', config.syslogreceiver.port, '127.0.0.1', () => sender.close());
 *   assert.equal((await syslogproducer.next()).source.address, '127.0.0.1');
 * });
 */
export const syslogreceiver: BlockDefinition = defineBlock({
  name: 'syslogreceiver',
  address: SYSLOG_RECEIVER,
  config: RECEIVER_CONFIG,
  needs: { publisher: SYSLOG_PRODUCER },
  check: checkReceiver,
  make: (config, { publisher }, ctx) => {
    const { severityLevel, timeZone, warnings } = config;
    let listeners: readonly Listener[] = [];
    const problemLog = new ProblemLog(ctx);
    let unwatch = (): void => {};
    const byListener = (): readonly NamedCounts[] =>
      listeners.map(({ intake: { name, config, counts } }) => ({ name, transport: config.transport, ...counts }));
    const counts = (): SyslogCounts => summed(byListener());
    const dispatcher = new Dispatcher(publisher, ctx);
    const close = async (): Promise<void> => {
      unwatch();
      await Promise.all(listeners.map((listener) => listener.close()));
      await dispatcher.idle();
    };
    return {
      async init() {
        for (const text of warnings) ctx.log.warn({ event: 'originalConfiguration' }, text);
        listeners = await openListeners(config, { dispatcher, severityLevel, timeZone, ctx });
        unwatch = watchFiles(ctx.clock, problemLog);
      },
      run() {
        for (const listener of listeners) listener.start();
      },
      async onMsg() {
        await Promise.all(listeners.map((listener) => listener.updateCounts()));
        return counts();
      },
      metrics: () => listenerMetrics(byListener()),
      async onLanding() {
        await close();
        const { framesLost, datagramsDropped } = counts();
        const lost = framesLost + datagramsDropped;
        if (lost === 0) return;
        const parts = `framesLost ${framesLost}, datagramsDropped ${datagramsDropped}`;
        throw new Error(`${lost} received messages could not be passed on (${parts})`);
      },
      async finish() {
        await close();
        for (const log of [problemLog, ...listeners.map(({ intake }) => intake.problemLog)]) log.close();
      },
    };
  },
});
