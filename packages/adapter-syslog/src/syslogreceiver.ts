import { defineBlock, type BlockDefinition, type Responsibility } from '@sputnikjs/core';
import { z } from 'zod';
import { noCounts, type Intake, type SyslogCounts } from './intake.js';
import { openListeners, type Listeners } from './listeners.js';
import { SYSLOG_PRODUCER } from './message.js';
import { Troubles } from './troubles.js';

const Config = z
  .strictObject({
    /** Address to listen on, for UDP and TCP. Loopback unless configured: syslog knows no passwords. */
    host: z.string().min(1).default('127.0.0.1'),
    /** 0 for any that is free. */
    port: z.int().min(0).max(65_535).default(5514),
    udp: z.boolean().default(true),
    tcp: z.boolean().default(true),
    /** Longest message of a TCP connection. */
    maxMessageBytes: z.int().min(480).max(16_777_216).default(65_536),
    /** TCP connections at once. */
    maxConnections: z.int().min(1).default(1024),
    /** What the kernel is asked to hold of datagrams that have not been read yet. */
    udpBufferBytes: z.int().min(1024).max(1_073_741_823).default(8_388_608),
  })
  .refine(({ udp, tcp }) => udp || tcp, { message: 'one of "udp" and "tcp" has to be true' });

/** Address of the receiver. Asked anything, it answers with its counts. */
export const SYSLOG_RECEIVER: Responsibility<object, SyslogCounts> = 'syslogreceiver';

/** Receives syslog messages over UDP and TCP, and hands them on, parsed, to the block that is its `publisher`. */
export const syslogreceiver: BlockDefinition = defineBlock({
  name: 'syslogreceiver',
  config: Config,
  needs: { publisher: SYSLOG_PRODUCER },
  make: (config, { publisher }, ctx) => {
    const { log, signal } = ctx;
    const { maxMessageBytes } = config;
    const counts = noCounts();
    const troubles = new Troubles(ctx);
    const intake: Intake = { publisher, counts, troubles, log, signal, maxMessageBytes };
    let listeners: Listeners | undefined;
    const close = async (): Promise<void> => {
      await Promise.all([listeners?.udp?.close(), listeners?.tcp?.close()]);
    };
    return {
      async init() {
        listeners = await openListeners(config, intake);
      },
      run() {
        listeners?.tcp?.start();
      },
      onMsg: (_question: object): SyslogCounts => ({ ...counts }),
      async onLanding() {
        await close();
        if (counts.framesLost > 0)
          throw new Error(`${counts.framesLost} received messages could not be handed on in time`);
      },
      async finish() {
        await close();
        troubles.close();
      },
    };
  },
});
