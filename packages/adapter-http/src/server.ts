import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';

/** The certificate that a server shows, its key, and the authorities that have to vouch for clients: contents of PEM files. */
export interface ServerTls {
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  /** With it, who has no certificate of theirs cannot connect. */
  readonly ca?: Buffer | undefined;
}

/** How long clients may take, in milliseconds, and how much they may have. */
export interface ServerLimits {
  /** Until the headers of a request are complete; as long for the handshake before them. */
  readonly headersMs: number;
  /** Until a request is complete. */
  readonly requestMs: number;
  /** How often the two above are looked at. */
  readonly lookMs: number;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
}

/** Longer than proxies keep a connection: they, not we, close it, so that no request meets a closing one. */
const KEEP_ALIVE_MS = 72_000;

/** A server that can cut all its connections. */
export type CuttableServer = Server & { cutAll(): void };

/** An HTTP server, over TLS if there is a certificate. Throws what is wrong with that. */
export function makeServer(handler: RequestListener, limits: ServerLimits, tls: ServerTls | undefined): CuttableServer {
  const options: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.lookMs,
    maxHeaderSize: limits.maxHeaderBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const server = tls?.cert ? makeTlsServer({ ...options, ...tls }, handler) : createServer(options, handler);
  server.maxConnections = limits.maxConnections;
  // To closeAllConnections a connection exists when its handshake is over.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const cutAll = (): void => sockets.forEach((socket) => socket.destroy());
  return Object.assign(server, { cutAll });
}

function makeTlsServer(options: ServerOptions & ServerTls, handler: RequestListener): Server {
  const { cert, key, ca, headersTimeout, ...others } = options;
  try {
    return createTlsServer(
      {
        ...others,
        ...(headersTimeout !== undefined && { headersTimeout, handshakeTimeout: headersTimeout }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(ca && { ca, requestCert: true, rejectUnauthorized: true }),
      },
      handler,
    );
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`TLS cannot be set up with certFile, keyFile and caFile: ${text}; are they PEM, and a pair?`, {
      cause,
    });
  }
}
