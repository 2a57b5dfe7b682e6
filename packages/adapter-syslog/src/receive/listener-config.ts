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

/** A listener as written in the configuration. */
export type ListenerInput = { readonly [key in keyof ListenerConfig]?: ListenerConfig[key] | undefined } & {
  readonly transport: Transport;
};

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
