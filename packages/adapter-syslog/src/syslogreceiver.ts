import { defineBlock, type BlockDefinition, type Responsibility } from '@sputnikjs/core';
import { checkReceiver } from './checks.js';
import { summed, type SyslogCounts } from './counts.js';
import { Dispatcher } from './dispatcher.js';
import type { Listener } from './intake.js';
import { openListeners } from './listeners.js';
import { SYSLOG_PRODUCER } from './message.js';
import { RECEIVER_CONFIG } from './receiver-config.js';

/** Address of the receiver. Asked anything, it answers with its counts. */
export const SYSLOG_RECEIVER: Responsibility<object, SyslogCounts> = 'syslogreceiver';

/** Receives syslog messages, and hands them on, parsed, to the block that is its `publisher`. */
export const syslogreceiver: BlockDefinition = defineBlock({
  name: 'syslogreceiver',
  config: RECEIVER_CONFIG,
  needs: { publisher: SYSLOG_PRODUCER },
  check: checkReceiver,
  make: (config, { publisher }, ctx) => {
    const { severityLevel, timeZone, warnings } = config;
    let listeners: readonly Listener[] = [];
    const counts = (): SyslogCounts =>
      summed(
        listeners.map(({ intake: { name, config, counts } }) => ({ name, transport: config.transport, ...counts })),
      );
    const dispatcher = new Dispatcher(publisher, ctx);
    const close = async (): Promise<void> => {
      await Promise.all(listeners.map((listener) => listener.close()));
      await dispatcher.idle();
    };
    return {
      async init() {
        for (const text of warnings) ctx.log.warn({ event: 'originalConfiguration' }, text);
        listeners = await openListeners(config, { dispatcher, severityLevel, options: { timeZone }, ctx });
      },
      run() {
        for (const listener of listeners) listener.start();
      },
      async onMsg(_question: object): Promise<SyslogCounts> {
        await Promise.all(listeners.map((listener) => listener.look()));
        return counts();
      },
      async onLanding() {
        await close();
        const { framesLost, datagramsDropped } = counts();
        const lost = framesLost + datagramsDropped;
        if (lost === 0) return;
        const parts = `framesLost ${framesLost}, datagramsDropped ${datagramsDropped}`;
        throw new Error(`${lost} received messages could not be handed on (${parts})`);
      },
      async finish() {
        await close();
        for (const { intake } of listeners) intake.troubles.close();
      },
    };
  },
});
