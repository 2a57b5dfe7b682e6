import { z } from 'zod';

/** From where to where. */
export interface RouteConfig {
  readonly from: string;
  readonly to: string;
}

/** What separates the parts of a source, and of a target. */
export interface Separators {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Configuration of the block `bridge`. */
export interface BridgeConfig {
  readonly name: string;
  readonly routes: readonly RouteConfig[];
  readonly separators: Separators;
  readonly envelope: boolean;
  readonly deadLetter?: string | undefined;
  readonly back?: string | undefined;
}

const separator = z.string().length(1).optional();

/** Schema of {@link BridgeConfig}. Unknown keys are errors. */
export const BRIDGE_CONFIG: z.ZodType<BridgeConfig> = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'has 1 to 64 letters, digits, dots, hyphens or underscores')
    .describe(
      'Its name in the header Sputnik-Bridges: a message that has it is not taken again. Two bridges that go both ways between the same servers have the same name; no others have.',
    ),
  routes: z
    .array(
      z.strictObject({
        from: z
          .string()
          .min(1)
          .describe(
            'Which sources: + or * stands for one part, # or > at the end for all that follow. The first route that matches is taken.',
          ),
        to: z.string().min(1).describe('The target: {1} is what the first wildcard stands for, {2} the second.'),
      }),
    )
    .min(1)
    .describe('From which sources to which targets.'),
  separators: z
    .strictObject({
      from: separator.describe('Of sources. Default: /, or else a dot, or else a colon, whichever the route has.'),
      to: separator.describe('Of targets. Default: the same, of "to"; if it has none, that of "from".'),
    })
    .default({})
    .describe('What separates the parts of a name.'),
  envelope: z
    .boolean()
    .default(false)
    .describe(
      'Puts the message, with its headers and content type, into a JSON object: for a server that carries neither, as MQTT 3.1.1. Without it they are dropped there, and counted.',
    ),
  deadLetter: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Target for messages that the server refuses for good, or that no route takes. Without it, their own server has them again.',
    ),
  back: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name of the configuration of the bridge that leads back, where a server has no headers: routes that would send messages round in circles are then a problem.',
    ),
});
