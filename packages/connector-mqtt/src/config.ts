import { ServerUrls, URLS, urlsOf, type Urls } from '@sputnikjs/messaging/connector';
import { TLS_KEYS, tlsMisfits, type TlsConfig } from '@sputnikjs/messaging/net';
import { z } from 'zod';
import { MAX_LENGTH } from './packets.js';

/** Configuration of the MQTT connector. Either `url` says where the server is, or `embedded` brings one along. */
export interface MqttConfig extends TlsConfig {
  /** Where the server is: `mqtt://host:port` (1883), or `mqtts://host:port` (8883) for TLS; of a cluster, where some servers are. */
  readonly url?: Urls | undefined;
  /** Runs a broker inside the process, on 127.0.0.1, and connects to that. */
  readonly embedded: boolean;
  /** Port of the embedded broker; 1883 unless given, 0 takes a free one. */
  readonly port?: number | undefined;
  /** How the server knows this client. A new one for each process unless given. */
  readonly clientId?: string | undefined;
  /** With the embedded broker: what its clients have to say. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** False keeps subscriptions, and messages for them, on the server while the satellite is away. */
  readonly cleanSession: boolean;
  /** The server hears from us at least this often. */
  readonly keepaliveSeconds: number;
  /** Messages sent and not yet acknowledged, at most. */
  readonly inFlight: number;
  /**
   * Largest packet that the server takes, in bytes: larger messages are refused before they are sent. Servers of MQTT 3.1.1 do not tell,
   * and end the connection. The embedded broker takes 4 MiB unless given.
   */
  readonly maxPacketBytes?: number | undefined;
}

/** `mqtt://host:port`, or `mqtts://host:port`. */
export const MQTT_URLS: ServerUrls = new ServerUrls({
  plain: { scheme: 'mqtt', port: 1883 },
  tls: { scheme: 'mqtts', port: 8883 },
});

/** Schema of {@link MqttConfig}: unknown keys, and keys that do not go together, are errors. */
export const MQTT_CONFIG: z.ZodType<MqttConfig> = z
  .strictObject({
    url: URLS.optional().describe(
      'mqtt://host:port (1883), or mqtts://host:port (8883) for TLS; this or embedded. Of a cluster, a list of some servers: they are tried in turn.',
    ),
    embedded: z
      .boolean()
      .default(false)
      .describe('Runs a broker inside the process, on 127.0.0.1, and connects to that.'),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .meta({ default: 1883 })
      .optional()
      .describe('Port that the embedded broker listens on; 0 takes a free one.'),
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe(
        'How the server knows the satellite; no two clients may share it. A new one for each process unless given.',
      ),
    username: z
      .string()
      .min(1)
      .optional()
      .describe('Whom the server knows us as; the embedded broker asks it of its clients.'),
    password: z
      .string()
      .meta({ writeOnly: true })
      .optional()
      .describe('The password of the user; the embedded broker asks it of its clients.'),
    cleanSession: z
      .boolean()
      .default(true)
      .describe(
        'Without, the server keeps subscriptions, and messages for them, while the satellite is away; needs a clientId.',
      ),
    keepaliveSeconds: z
      .int()
      .min(1)
      .max(65_535)
      .default(30)
      .describe(
        'The server hears from the satellite at least this often. One with a smaller max_keepalive (mosquitto from 2.0.12 on) refuses the client identifier, it says.',
      ),
    maxPacketBytes: z
      .int()
      .min(128)
      .max(MAX_LENGTH)
      .optional()
      .describe(
        'Largest packet that the server takes, in bytes: a larger message is refused at once. 268435455, or with embedded 4194304, unless given. Servers of MQTT 3.1.1 do not tell theirs, and end the connection: set it to that of the server.',
      ),
    inFlight: z.int().min(1).max(32_767).default(1024).describe('Messages sent and not yet acknowledged, at most.'),
    ...TLS_KEYS,
  })
  .superRefine((config, ctx) => {
    for (const [path, message] of misfits(config)) ctx.addIssue({ code: 'custom', path: [...path], message });
  });

/** Largest packet of the embedded broker unless the configuration says otherwise, in bytes. */
const EMBEDDED_BYTES = 4 * 1024 * 1024;

/** Largest packet that the server takes, as far as that is known. */
export function mostBytes({ maxPacketBytes, embedded }: MqttConfig): number {
  return maxPacketBytes ?? (embedded ? EMBEDDED_BYTES : MAX_LENGTH);
}

type Misfit = readonly [path: readonly (keyof MqttConfig | number)[], message: string];

/** The keys that do not go together with the others, and what to do about each. */
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
  if (password !== undefined && username === undefined) add('password', 'needs a username; give that too');
  if (!cleanSession && clientId === undefined)
    add('clientId', 'is needed with "cleanSession": false, for the server to recognise the client');
  // a bad url has said what it wants already
  const isTls = bad.length > 0 || (url !== undefined && urlsOf(url).some((each) => MQTT_URLS.isTls(each)));
  for (const [key, message] of tlsMisfits(config, isTls, 'mqtts://')) add(key, message);
  return found;
}
