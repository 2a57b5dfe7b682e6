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
      'Its name in the header Sputnik-Bridges: the bridge does not take a message that has it. Give two bridges for both ways between the same servers the same name, and all others different names.',
    ),
  routes: z
    .array(
      z.strictObject({
        from: z
          .string()
          .min(1)
          .describe(
            'Which sources: + or * stands for one part, # or > at the end for all that follow. The first matching route counts.',
          ),
        to: z.string().min(1).describe('The target: {1} is what the first wildcard stands for, {2} the second.'),
      }),
    )
    .min(1)
    .describe('From which sources to which targets messages go.'),
  separators: z
    .strictObject({
      from: separator.describe('Separator in sources. Default: the first of "/", "." and ":" that the route has.'),
      to: separator.describe(
        'Separator in targets. Default: the first of "/", "." and ":" that "to" has; if it has none, the separator of "from".',
      ),
    })
    .default({})
    .describe('What separates the parts of a name.'),
  envelope: z
    .boolean()
    .default(false)
    .describe(
      'Puts the message, with its headers and content type, into a JSON object: for a server that carries neither, such as MQTT 3.1.1. Without it, such a server gets no headers and no content type; they are counted.',
    ),
  deadLetter: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Target for messages that the server refuses for good, or that no route takes. Without it, they go back to their own server.',
    ),
  back: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name of the configuration of the bridge that leads back, for servers without headers: "check" then reports routes that would send messages in circles.',
    ),
});
