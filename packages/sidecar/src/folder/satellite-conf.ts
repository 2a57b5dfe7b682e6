import { z } from 'zod';
import { AdminConf, type AdminSettings } from './admin-conf.js';

/** The longest delay of Node's timers, in milliseconds. */
export const LONGEST_MS: number = 2 ** 31 - 1;
const ms = (most: number): z.ZodDefault<z.ZodNumber> => z.number().positive().max(LONGEST_MS).default(most);

/** `sputnik.json`: the satellite itself. */
export const SatelliteConf: z.ZodType<SatelliteSettings> = z.strictObject({
  name: z
    .string()
    .min(1)
    .optional()
    .describe('Name of the satellite on its page and in its metrics. Default: the name of its folder.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The lowest level that is logged.'),
  timeouts: z
    .strictObject({
      initMs: ms(10_000).describe('How long the init of a block may take, in milliseconds.'),
      connectMs: ms(10_000).describe('How long an attempt to connect may take, in milliseconds.'),
      heartbeatMs: ms(5_000).describe(
        'Interval between two heartbeats of the server connection, and the deadline for the answer, in milliseconds.',
      ),
      landingMs: ms(25_000).describe('How long the landing may take, in milliseconds.'),
    })
    .prefault({})
    .describe('Deadlines of the flight.'),
  landing: z
    .strictObject({
      delayMs: z
        .number()
        .min(0)
        .max(LONGEST_MS)
        .default(0)
        .describe(
          'From a signal to the landing, in milliseconds. Meanwhile blocks go on, and tell their clients to go elsewhere, so that load balancers notice.',
        ),
    })
    .prefault({})
    .describe('How the satellite lands.'),
  admin: AdminConf.optional().describe('Endpoints to look at the satellite, and to control it. Default: none.'),
});

/** The settings of the satellite itself. */
export interface SatelliteSettings {
  /** Its name. Default: the name of its folder. */
  readonly name?: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Deadlines, as in the core. */
  readonly timeouts: {
    readonly initMs: number;
    readonly connectMs: number;
    readonly heartbeatMs: number;
    readonly landingMs: number;
  };
  readonly landing: {
    /**
     * From a signal to the beginning of the landing, in milliseconds. Meanwhile blocks go on, and tell their clients to go elsewhere, so that
     * load balancers notice.
     */
    readonly delayMs: number;
  };
  /** Its admin endpoints. Undefined: it has none. */
  readonly admin?: AdminSettings | undefined;
}
