// All that we use of the NATS library beyond what it documents. `test/internals.test.ts` says so when the library has changed there.
import {
  NatsConnectionImpl,
  setTransportFactory,
  State,
  type ConnectionOptions,
  type NatsConnection,
} from '@nats-io/transport-node';
import { nodeResolveHost, NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';
import type { Opened } from './greeting.js';
import type { Wire } from './wire.js';

interface OpenedOptions extends ConnectionOptions {
  readonly sputnikOpened: Opened;
  readonly sputnikWire: Wire;
}

/**
 * The library's transport over a socket that is open already. The library dials by itself and can be told neither to stop nor to let
 * go of the socket: a server that says nothing would hold it until a time-out. For other connections of the
 * process it is the library's own.
 */
class OpenedTransport extends NodeTransport {
  #wire: Wire | undefined;

  override async connect(...args: Parameters<NodeTransport['connect']>): Promise<void> {
    const [, options] = args;
    const { sputnikOpened: opened, sputnikWire: wire } = options as Partial<OpenedOptions>;
    if (opened === undefined) return super.connect(...args);
    const { socket, greeting } = opened;
    if (socket.destroyed) throw new Error('the server closed the connection');
    this.#wire = wire;
    this.options = options;
    this.socket = socket;
    // The library would take our listeners away, too; an error that nobody hears any more ends the process.
    // guard: an error of the socket is always heard
    socket.removeAllListeners = () => socket;
    this.connected = true;
    this.yields.push(greeting);
    this.setupHandlers();
    this.signal.resolve();
    socket.resume();
  }

  /** What was sent past the library before goes first. */
  override send(frame: Uint8Array): void {
    this.#wire?.outgoing.flush();
    super.send(frame);
  }

  /** The library stops reading at what it cannot parse, and would keep the connection. */
  override async *iterate(): AsyncIterableIterator<Uint8Array> {
    const { socket } = this;
    let isOver = false;
    let why = new Error('the server sent something that is not NATS');
    try {
      for await (const piece of super.iterate()) {
        const reader = this.#wire?.reader;
        if (reader === undefined) yield piece;
        else yield* reader.read(piece as Buffer);
        // by now the library has read it, and knows what is announced
        const tooMuch = this.#wire?.tooMuch();
        if (tooMuch !== undefined) throw (why = tooMuch);
      }
      isOver = true;
    } finally {
      if (!isOver) {
        socket.destroy(why);
        // The library waits for this, and would then print to stdout what it could not parse: all of it, as it came.
        // guard: the library prints nothing that a server says
        await new Promise<never>(() => {});
      }
    }
  }
}

/** Nobody is there: should another user of the library set its transport in this very moment, the attempt fails. */
const NOBODY = '0.0.0.0:1';

/** Does the handshake over an open socket. Rejects with what the server has against it, or when the socket closes. */
export function shakeHands(opened: Opened, wire: Wire, options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new OpenedTransport(), dnsResolveFn: nodeResolveHost });
  const own: OpenedOptions = {
    ...options,
    sputnikOpened: opened,
    sputnikWire: wire,
    servers: NOBODY,
    ignoreClusterUpdates: true,
  };
  return NatsConnectionImpl.connect(own);
}

/** What the library has the beginning of. */
export interface Begun {
  /** As announced, in bytes; 0 if it is not in a message. */
  readonly message: () => number;
  /** What there is of a line, in bytes; 0 if it is not in one. */
  readonly line: () => number;
}

/** Tells what the library has the beginning of, as far as it knows. */
export function begun(nats: NatsConnection): Begun {
  const { parser } = (nats as NatsConnectionImpl).protocol;
  const isInMessage = (): boolean => parser.state === State.MSG_PAYLOAD;
  return {
    message: () => (isInMessage() ? (parser.ma?.size ?? 0) : 0),
    line: () => (isInMessage() ? 0 : (parser.argBuf?.length ?? 0)),
  };
}

/** Tells whether the library is between two messages of the server: it has the beginning of none. */
export function isBetweenMessages(nats: NatsConnection): () => boolean {
  const { parser } = (nats as NatsConnectionImpl).protocol;
  return () => parser.state === State.OP_START;
}
