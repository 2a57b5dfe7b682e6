import { z } from 'zod';

/** How messages come: as datagrams (`udp`), or in a stream. */
export type Transport = 'udp' | 'tcp' | 'tls' | 'unix';

/** One listener, with all its keys. Keys for other transports have no effect. */
export interface ListenerConfig {
  /** Name in messages, counts and logs. Default: its address and port, or its path. */
  readonly name?: string | undefined;
  readonly transport: Transport;
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Path of a Unix socket. */
  readonly path: string;
  /** Permissions of a Unix socket, in octal digits. */
  readonly mode: string;
  /** PEM file of the certificate of a TLS listener. */
  readonly certFile?: string | undefined;
  /** PEM file of its key. */
  readonly keyFile?: string | undefined;
  /** File with the passphrase of the key, in its first line. */
  readonly passphraseFile?: string | undefined;
  /** PEM file of the authorities that sign certificates of senders. With it, senders need such a certificate. */
  readonly caFile?: string | undefined;
  /** Adds the subject of the sender's verified certificate to the source of its messages. */
  readonly peerSubject: boolean;
  /**
   * The latest version of TLS to use. With 1.3 a server sends tickets after the handshake. If a sender never reads them and closes, its
   * system may discard what it has not sent yet.
   */
  readonly maxTlsVersion: 'TLSv1.2' | 'TLSv1.3';
  /** How long a TLS handshake may take, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Longest message, in bytes. */
  readonly maxMessageBytes: number;
  /** What to do with a longer message: pass its beginning on, or refuse it. */
  readonly tooLong: 'cut' | 'refuse';
  /** What ends a message of a stream if it has no octet count. */
  readonly delimiter: 'newline' | 'nul' | 'any';
  /** What says where a message of a stream ends: for each message its octet count or a delimiter, or only one of these. */
  readonly framing: 'auto' | 'octet-counting' | 'newline';
  /** Each connection must begin with a header of the PROXY protocol, which has the address of the sender. */
  readonly proxyProtocol: boolean;
  /** Most connections at once. */
  readonly maxConnections: number;
  /** Closes a connection on which nothing has arrived for this time, in milliseconds; 0: never. */
  readonly idleTimeoutMs: number;
  /** Accepts only RFC 5424; everything else is data. */
  readonly strict: boolean;
  /** Priority of messages without a PRI part. Without this key, such messages are data. */
  readonly defaultPri?: number | undefined;
  /** What counts as the tag after time and host: the first word, or only a word that ends with a colon or a number in brackets. */
  readonly tag: 'word' | 'colon';
  /** Allows an `@` in a host name. */
  readonly atSignInHost: boolean;
  /** Zone abbreviations after a time stamp, and the offset of each from UTC. */
  readonly zones?: Readonly<Record<string, string>> | undefined;
  /** Size of the kernel's buffer for datagrams that are not read yet. */
  readonly udpBufferBytes: number;
}

/** The longest timer of Node. */
const LONGEST_MS = 2 ** 31 - 1;

/** Default ports: that of RFC 5425, and for the other transports one that needs no privileges. */
const TLS_PORT = 6514;
export const PLAIN_PORT = 5514;

/** What goes for a key that is given nowhere. */
export const DEFAULTS: Omit<ListenerConfig, 'transport' | 'port'> = {
  // Loopback unless configured: syslog knows no passwords.
  host: '127.0.0.1',
  path: '',
  // As /dev/log has it.
  mode: '0666',
  peerSubject: false,
  maxTlsVersion: 'TLSv1.3',
  handshakeTimeoutMs: 10_000,
  maxMessageBytes: 65_536,
  tooLong: 'cut',
  delimiter: 'any',
  framing: 'auto',
  proxyProtocol: false,
  maxConnections: 1024,
  idleTimeoutMs: 0,
  udpBufferBytes: 8_388_608,
  strict: false,
  tag: 'word',
  atSignInHost: false,
};

/** Schemas of the keys that can be set for all listeners or for one. */
export const LIMITS: {
  readonly maxMessageBytes: z.ZodOptional<z.ZodInt>;
  readonly tooLong: z.ZodOptional<z.ZodEnum<{ cut: 'cut'; refuse: 'refuse' }>>;
  readonly delimiter: z.ZodOptional<z.ZodEnum<{ newline: 'newline'; nul: 'nul'; any: 'any' }>>;
  readonly framing: z.ZodOptional<z.ZodEnum<{ auto: 'auto'; 'octet-counting': 'octet-counting'; newline: 'newline' }>>;
  readonly proxyProtocol: z.ZodOptional<z.ZodBoolean>;
  readonly maxConnections: z.ZodOptional<z.ZodInt>;
  readonly idleTimeoutMs: z.ZodOptional<z.ZodInt>;
  readonly udpBufferBytes: z.ZodOptional<z.ZodInt>;
  readonly strict: z.ZodOptional<z.ZodBoolean>;
  readonly defaultPri: z.ZodOptional<z.ZodInt>;
  readonly tag: z.ZodOptional<z.ZodEnum<{ word: 'word'; colon: 'colon' }>>;
  readonly atSignInHost: z.ZodOptional<z.ZodBoolean>;
  readonly zones: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodString>>;
} = {
  maxMessageBytes: z.int().min(480).max(16_777_216).optional().describe('Longest message, in bytes.'),
  tooLong: z
    .enum(['cut', 'refuse'])
    .optional()
    .describe(
      'What to do with a longer message: "cut" passes its beginning on, "refuse" passes nothing on. It is counted, and the connection stays open.',
    ),
  delimiter: z
    .enum(['newline', 'nul', 'any'])
    .optional()
    .describe(
      'What ends a message of a stream without an octet count: "newline" (LF, CR LF), "nul", or "any" of these.',
    ),
  framing: z
    .enum(['auto', 'octet-counting', 'newline'])
    .optional()
    .describe(
      'How the end of a message in a stream is found: "auto" takes an octet count or a delimiter, for each message; "octet-counting" and "newline" take only that.',
    ),
  proxyProtocol: z
    .boolean()
    .optional()
    .describe(
      'Each connection must begin with a header of the PROXY protocol (version 1 or 2, before the TLS handshake), which contains the address of the sender. A connection without one is closed.',
    ),
  maxConnections: z.int().min(1).optional().describe('Most connections at once, for each listener.'),
  idleTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_MS)
    .optional()
    .describe('Closes a connection on which nothing has arrived for this time, in milliseconds; 0: never.'),
  udpBufferBytes: z
    .int()
    .min(1024)
    .max(1_073_741_823)
    .optional()
    .describe(
      "Size of the kernel's buffer for unread datagrams, in bytes. The log warns if net.core.rmem_max does not allow it.",
    ),
  strict: z
    .boolean()
    .optional()
    .describe('Accepts only RFC 5424, to the letter; everything else is data, with its priority.'),
  defaultPri: z
    .int()
    .min(0)
    .max(191)
    .optional()
    .describe('Priority of messages without a PRI part (rsyslog uses 13). Without this key, such messages are data.'),
  tag: z
    .enum(['word', 'colon'])
    .optional()
    .describe(
      'What counts as the tag (RFC 3164) after time and host: "word", the first word; "colon", only a word that ends with a colon or with a number in brackets.',
    ),
  atSignInHost: z.boolean().optional().describe('Allows an @ in a host name.'),
  zones: z
    .record(
      z.string().regex(/^[A-Z]{1,5}$/, 'expected the abbreviation of a zone in capitals, such as "CEST"'),
      z
        .string()
        .regex(/^[+-](?:[01]\d|2[0-3]):[0-5]\d$/, 'expected how far ahead of UTC the zone is, such as "+02:00"'),
    )
    .optional()
    .describe(
      'Zone abbreviations after a time stamp, with their offsets from UTC: { "CEST": "+02:00" }. UTC and GMT are known. Any other word there is the host.',
    ),
};

/** The same, as keys for all listeners: a listener without one of its own has what is given there, else the default. */
export const LIMITS_OF_ALL: typeof LIMITS = Object.fromEntries(
  Object.entries(LIMITS).map(([key, schema]) => {
    const value = DEFAULTS[key as keyof typeof DEFAULTS] as unknown;
    return [key, value === undefined ? schema : schema.meta({ ...schema.meta(), default: value })];
  }),
) as typeof LIMITS;

/** Schema of a port. */
export const PORT: z.ZodOptional<z.ZodInt> = z.int().min(0).max(65_535).optional();

const OF_LISTENER = z.strictObject({
  name: z
    .string()
    .min(1)
    .optional()
    .describe('Name in source.listener, counts and logs; must be unique. Default: its address and port, or its path.'),
  transport: z
    .enum(['udp', 'tcp', 'tls', 'unix'])
    .describe('How messages arrive: "udp", "tcp", "tls" or "unix", a stream socket.'),
  host: z
    .string()
    .min(1)
    .meta({ default: DEFAULTS.host })
    .optional()
    .describe('Address to listen on, IPv4 or IPv6; "::" for both.'),
  port: PORT.describe('Port to listen on; 0 picks a free one. Default: 5514, for TLS 6514.'),
  path: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Path of the Unix socket. A socket whose process has ended is replaced; anything else there is an error.',
    ),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'expected permissions in octal digits, such as "0660"')
    .meta({ default: DEFAULTS.mode })
    .optional()
    .describe('Permissions of the Unix socket, in octal digits. Default: those of /dev/log.'),
  certFile: z.string().min(1).optional().describe('PEM file of the certificate of a TLS listener.'),
  keyFile: z.string().min(1).meta({ writeOnly: false }).optional().describe('PEM file of the key of certFile.'),
  passphraseFile: z
    .string()
    .min(1)
    .meta({ writeOnly: false })
    .optional()
    .describe('File whose first line is the passphrase of the key.'),
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of authorities. With it, senders need a certificate that one of them has signed.'),
  peerSubject: z
    .boolean()
    .meta({ default: DEFAULTS.peerSubject })
    .optional()
    .describe(
      "Adds the subject of the sender's certificate to the source of its messages. Needs caFile, so that the certificate is verified.",
    ),
  maxTlsVersion: z
    .enum(['TLSv1.2', 'TLSv1.3'])
    .meta({ default: DEFAULTS.maxTlsVersion })
    .optional()
    .describe(
      'The latest version of TLS to use. Choose "TLSv1.2" for senders that never read: with 1.3, the server sends session tickets, and if a sender closes without reading them, its system discards what it has not sent yet.',
    ),
  handshakeTimeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_MS)
    .meta({ default: DEFAULTS.handshakeTimeoutMs })
    .optional()
    .describe('How long a TLS handshake may take, in milliseconds.'),
  ...LIMITS,
});

/** A listener as written in the configuration. */
export type ListenerInput = { readonly [key in keyof ListenerConfig]?: ListenerConfig[key] | undefined } & {
  readonly transport: Transport;
};
type Key = keyof ListenerInput;

/** The transports that a key is for; other keys are for all. */
const FOR: { readonly [key in Key]?: readonly Transport[] } = {
  host: ['udp', 'tcp', 'tls'],
  port: ['udp', 'tcp', 'tls'],
  path: ['unix'],
  mode: ['unix'],
  certFile: ['tls'],
  keyFile: ['tls'],
  passphraseFile: ['tls'],
  caFile: ['tls'],
  peerSubject: ['tls'],
  maxTlsVersion: ['tls'],
  handshakeTimeoutMs: ['tls'],
  delimiter: ['tcp', 'tls', 'unix'],
  framing: ['tcp', 'tls', 'unix'],
  proxyProtocol: ['tcp', 'tls', 'unix'],
  maxConnections: ['tcp', 'tls', 'unix'],
  idleTimeoutMs: ['tcp', 'tls', 'unix'],
  udpBufferBytes: ['udp'],
};

/** The required keys of a listener. */
const NEEDED: { readonly [transport in Transport]: readonly Key[] } = {
  udp: [],
  tcp: [],
  tls: ['certFile', 'keyFile'],
  unix: ['path'],
};

/** Schema of a {@link ListenerInput}. Unknown keys, and keys for other transports, are errors. */
export const LISTENER: z.ZodType<ListenerInput> = OF_LISTENER.superRefine((given, ctx) => {
  const { transport } = given;
  for (const [key, transports] of Object.entries(FOR) as [Key, readonly Transport[]][]) {
    if (given[key] === undefined || transports.includes(transport)) continue;
    const message = `is for ${transports.join(', ')}; leave it out, or choose another transport than ${transport}`;
    ctx.addIssue({ code: 'custom', path: [key], message });
  }
  for (const key of NEEDED[transport]) {
    if (given[key] !== undefined) continue;
    ctx.addIssue({ code: 'custom', path: [key], message: `is not given; a listener for ${transport} needs it` });
  }
  if (given.peerSubject && given.caFile === undefined)
    ctx.addIssue({ code: 'custom', path: ['caFile'], message: 'is not given; peerSubject needs it to verify senders' });
});

/** Completes a listener: its own keys override those of the receiver, and these the defaults. */
export function completeListener(given: ListenerInput, shared: Omit<ListenerInput, 'transport'>): ListenerConfig {
  return {
    ...DEFAULTS,
    port: given.transport === 'tls' ? TLS_PORT : PLAIN_PORT,
    ...present(shared),
    ...present(given),
    transport: given.transport,
  };
}

function present<T extends object>(keys: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
