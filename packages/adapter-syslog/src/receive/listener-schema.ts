import { z } from 'zod';
import { DEFAULTS, type ListenerInput, type Transport } from './listener-config.js';

/** The longest timer of Node. */
const LONGEST_MS = 2 ** 31 - 1;

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
