import { ServerUrls, URLS, urlsOf, type Urls } from '@sputnikjs/messaging/connector';
import { TLS_KEYS, tlsMisfits, type TlsConfig } from '@sputnikjs/messaging/net';
import { z } from 'zod';
import { MAX_LENGTH } from './packets.js';

/** Configuration of the MQTT connector. It needs either `url`, for a server, or `embedded`. */
export interface MqttConfig extends TlsConfig {
  /** Url of the server: `mqtt://host:port` (1883), or `mqtts://host:port` (8883) for TLS. For a cluster, a list of urls. */
  readonly url?: Urls | undefined;
  /** Runs a broker in this process, on 127.0.0.1, and connects to it. */
  readonly embedded: boolean;
  /** Port of the embedded broker. Default: 1883; 0 picks a free port. */
  readonly port?: number | undefined;
  /** Client identifier. Default: a new one for each process. */
  readonly clientId?: string | undefined;
  /** User name. The embedded broker demands it, with the password, from its clients. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** False: the server keeps subscriptions, and messages for them, while the satellite is away. */
  readonly cleanSession: boolean;
  /** We send something to the server at least this often. */
  readonly keepaliveSeconds: number;
  /** Most messages sent and not yet acknowledged. */
  readonly inFlight: number;
  /**
   * Largest packet that the server accepts, in bytes. Larger messages are refused before they are sent. Servers of MQTT 3.1.1 do not tell their
   * limit, and end the connection. Default with the embedded broker: 4 MiB.
   */
  readonly maxPacketBytes?: number | undefined;
}

/** `mqtt://host:port`, or `mqtts://host:port`. */
export const MQTT_URLS: ServerUrls = new ServerUrls({
  plain: { scheme: 'mqtt', port: 1883 },
  tls: { scheme: 'mqtts', port: 8883 },
});

/** Schema of {@link MqttConfig}. Unknown keys, and keys that do not go together, are errors. */
export const MQTT_CONFIG: z.ZodType<MqttConfig> = z
  .strictObject({
    url: URLS.optional().describe(
      'mqtt://host:port (1883), or mqtts://host:port (8883) for TLS. Give this or embedded. For a cluster, a list of servers, which are tried in turn.',
    ),
    embedded: z.boolean().default(false).describe('Runs a broker in this process, on 127.0.0.1, and connects to it.'),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .meta({ default: 1883 })
      .optional()
      .describe('Port of the embedded broker; 0 picks a free one.'),
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe('Client identifier; must be unique. Default: a new one for each process.'),
    username: z.string().min(1).optional().describe('User name. The embedded broker demands it from its clients.'),
    password: z
      .string()
      .meta({ writeOnly: true })
      .optional()
      .describe('Password of the user. The embedded broker demands it from its clients.'),
    cleanSession: z
      .boolean()
      .default(true)
      .describe(
        'With false, the server keeps subscriptions, and messages for them, while the satellite is away. Needs a clientId.',
      ),
    keepaliveSeconds: z
      .int()
      .min(1)
      .max(65_535)
      .default(30)
      .describe(
        'The satellite sends something to the server at least this often. A server with a smaller max_keepalive (mosquitto from 2.0.12 on) reports that it refuses the client identifier.',
      ),
    maxPacketBytes: z
      .int()
      .min(128)
      .max(MAX_LENGTH)
      .optional()
      .describe(
        'Largest packet that the server accepts, in bytes; a larger message is refused at once. Default: 268435455, with embedded 4194304. Servers of MQTT 3.1.1 do not tell their limit and close the connection: set this to the limit of the server.',
      ),
    inFlight: z.int().min(1).max(32_767).default(1024).describe('Most messages sent and not yet acknowledged.'),
    ...TLS_KEYS,
  })
  .superRefine((config, ctx) => {
    for (const [path, message] of misfits(config)) ctx.addIssue({ code: 'custom', path: [...path], message });
  });

/** Largest packet of the embedded broker unless the configuration says otherwise, in bytes. */
const EMBEDDED_BYTES = 4 * 1024 * 1024;

/** Returns the largest packet that the server accepts, as far as we know. */
export function mostBytes({ maxPacketBytes, embedded }: MqttConfig): number {
  return maxPacketBytes ?? (embedded ? EMBEDDED_BYTES : MAX_LENGTH);
}

type Misfit = readonly [path: readonly (keyof MqttConfig | number)[], message: string];

/** Returns the keys that do not go together, and what to do about each. */
function misfits(config: MqttConfig): readonly Misfit[] {
  const { url, embedded, port, clientId, username, password, cleanSession } = config;
  const found: Misfit[] = [];
  const add = (key: keyof MqttConfig, message: string): void => void found.push([[key], message]);
  const bad = url === undefined ? [] : MQTT_URLS.problems(url);
  if (url === undefined && !embedded)
    add('url', 'give the url of a server (mqtt://host:port), or "embedded": true to run one in this process');
  if (url !== undefined && embedded) add('url', 'conflicts with "embedded": true; keep one of the two');
  for (const [path, problem] of bad) found.push([['url', ...path], problem]);
  if (port !== undefined && !embedded)
    add('port', 'is for "embedded": true; put the port of a server into its url, mqtt://host:port');
  if (password !== undefined && username === undefined) add('password', 'needs a username; give one, too');
  if (!cleanSession && clientId === undefined)
    add('clientId', 'is needed with "cleanSession": false, for the server to recognise the client');
  // a bad url has said what it wants already
  const isTls = bad.length > 0 || (url !== undefined && urlsOf(url).some((each) => MQTT_URLS.isTls(each)));
  for (const [key, message] of tlsMisfits(config, isTls, 'mqtts://')) add(key, message);
  return found;
}
