import type { StandardSchemaV1 } from '@sputnikjs/core';
import { z } from 'zod';
import { isTimeZone } from '../parse/calendar.js';
import { completeListener, DEFAULTS, PLAIN_PORT, type ListenerConfig, type ListenerInput } from './listener-config.js';
import { LIMITS_OF_ALL, LISTENER, PORT } from './listener-schema.js';
import { fromOriginal } from './original.js';

/** Complete configuration of the `syslogreceiver` block. */
export interface ReceiverConfig {
  readonly listeners: readonly ListenerConfig[];
  /** True if all listeners share one port, also if that is any free port. */
  readonly onePort: boolean;
  /** The least severe messages to pass on; -1: none. */
  readonly severityLevel: number;
  /** Zone of time stamps without one: an IANA name. Default: the zone of the process. */
  readonly timeZone?: string | undefined;
  /** Logged as warnings at the start. */
  readonly warnings: readonly string[];
}

/** The keys of the short form, for one port. */
const SHORT = ['host', 'port', 'udp', 'tcp'] as const;

const WRITTEN = z
  .strictObject({
    listeners: z.array(LISTENER).min(1).optional().describe('Listeners, in place of host, port, udp and tcp.'),
    host: z
      .string()
      .min(1)
      .meta({ default: DEFAULTS.host })
      .optional()
      .describe('Address to listen on. Default: only this machine, because syslog has no passwords.'),
    port: PORT.meta({ default: PLAIN_PORT }).describe('Port to listen on, for UDP and TCP; 0 picks a free one.'),
    udp: z.boolean().meta({ default: true }).optional().describe('Listens on UDP.'),
    tcp: z.boolean().meta({ default: true }).optional().describe('Listens on TCP.'),
    severityLevel: z
      .int()
      .min(-1)
      .max(7)
      .default(7)
      .describe(
        'The least severe messages to pass on, 0 (emerg) to 7 (debug); -1: none. Messages without a severity pass.',
      ),
    timeZone: z
      .string()
      .refine(isTimeZone, 'is not a known time zone; expected one such as "Europe/Berlin"')
      .optional()
      .describe('Zone of time stamps without one, such as "Europe/Berlin". Default: the zone of the process.'),
    ...LIMITS_OF_ALL,
  })
  .superRefine((given, ctx) => {
    if (given.udp === false && given.tcp === false && given.listeners === undefined)
      ctx.addIssue({ code: 'custom', message: 'at least one of "udp" and "tcp" must be true' });
    if (given.listeners === undefined) return;
    for (const key of SHORT) {
      if (given[key] === undefined) continue;
      const message = 'is the short form of "listeners"; since that is given, set it there';
      ctx.addIssue({ code: 'custom', path: [key], message });
    }
    const names = given.listeners.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (name === undefined || names.indexOf(name) === index) continue;
      const message = `there is already a listener "${name}"; give each its own name`;
      ctx.addIssue({ code: 'custom', path: ['listeners', index, 'name'], message });
    }
  });

const COMPLETE = WRITTEN.transform((given): ReceiverConfig => {
  const { listeners, host, port, udp = true, tcp = true, severityLevel, timeZone, ...shared } = given;
  const short: ListenerInput[] = [];
  if (tcp) short.push({ transport: 'tcp', host, port });
  if (udp) short.push({ transport: 'udp', host, port });
  return {
    listeners: (listeners ?? short).map((listener) => completeListener(listener, shared)),
    onePort: listeners === undefined,
    severityLevel,
    timeZone,
    warnings: [],
  };
});

/**
 * Schema of {@link ReceiverConfig}. Accepts `listeners`, the short form `host, port, udp, tcp`, or a `syslogreceiver.json` of the Go original.
 * Unknown keys, and keys that contradict each other, are errors.
 */
export const RECEIVER_CONFIG: StandardSchemaV1<unknown, ReceiverConfig> = {
  '~standard': {
    // With the list of keys, for environment variables.
    ...COMPLETE['~standard'],
    types: undefined,
    async validate(raw) {
      const original = fromOriginal(raw);
      if (original === undefined) return COMPLETE['~standard'].validate(raw);
      if (original.issues.length > 0) return { issues: original.issues };
      const result = await COMPLETE['~standard'].validate(original.value);
      return result.issues ? result : { value: { ...result.value, warnings: original.warnings } };
    },
  },
};
