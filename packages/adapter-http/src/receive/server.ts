import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Certificate } from './certificate.js';

/** How long clients may take, in milliseconds, and how much they may send. */
export interface ServerLimits {
  /** Until the headers of a request are complete; the same for the TLS handshake before. */
  readonly headersMs: number;
  /** Until a request is complete. */
  readonly requestMs: number;
  /** How often these times are checked. */
  readonly checkMs: number;
  readonly maxHeaderBytes: number;
}

/** Longer than proxies keep a connection: they close it, not we, so that no request meets a closing connection. */
const KEEP_ALIVE_MS = 72_000;

/** Makes an HTTP server, with TLS if there is a certificate. */
export function makeServer(limits: ServerLimits, certificate: Certificate | undefined): Server {
  const options: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.maxHeaderBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // It would be refused out of our hands, and the connection cut under the requests behind it.
    requireHostHeader: false,
  };
  const server = certificate ? makeTlsServer(options, limits, certificate) : createServer(options);
  // A client that has said all it wants to say may still want to hear the answer. The types of Node do not know this property.
  Object.assign(server, { httpAllowHalfOpen: true });
  return server;
}

function makeTlsServer(options: ServerOptions, { headersMs }: ServerLimits, certificate: Certificate): Server {
  const { ca } = certificate.files;
  const server = createTlsServer({
    ...options,
    ...certificate.files,
    ...(ca && { requestCert: true, rejectUnauthorized: true }),
    handshakeTimeout: headersMs,
    allowHalfOpen: true,
  });
  certificate.showBy(server);
  const starts = server.listeners('connection');
  const start = (socket: Socket): void => {
    if (!socket.destroyed) for (const each of starts) each.call(server, socket);
  };
  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    const refreshing = certificate.refresh();
    if (!refreshing) return start(socket);
    // What happens to it once it is TLS is reported there.
    socket.on('error', () => {});
    void refreshing.then(() => start(socket));
  });
  return server;
}
