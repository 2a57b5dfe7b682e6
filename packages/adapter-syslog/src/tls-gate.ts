import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { FileReloader, readTls } from '@sputnikjs/messaging/net';
import { plainAddress } from './bind.js';
import { tell, type Intake } from './intake.js';

/**
 * Makes TLS connections (RFC 5425) of those that come. The files of the certificate are looked at when somebody connects, and read
 * again when one has changed; if what they hold then cannot be used, the certificate before stays.
 */
export class TlsGate {
  readonly #intake: Intake;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #files: FileReloader;
  #closed = false;

  /** Reads the files. Rejects with what is wrong with them. `onSecure` gets each connection that has become TLS. */
  static async open(intake: Intake, onSecure: (socket: TLSSocket) => void): Promise<TlsGate> {
    const { certFile, keyFile, caFile } = intake.config;
    const files = new FileReloader([certFile, keyFile, caFile], {
      reload: () => gate.#renew(),
      unusable: (error) => {
        const text = `the files of the certificate have changed and cannot be used, so it stays as it was: ${reasonOf(error)}`;
        tell(intake, 'certificateUnusable', text);
      },
    });
    const server = await makeServer(intake.config);
    const gate: TlsGate = new TlsGate(intake, server.on('secureConnection', onSecure), files);
    return gate;
  }

  private constructor(intake: Intake, server: Server, files: FileReloader) {
    this.#intake = intake;
    this.#server = server;
    this.#files = files;
    server.on('tlsClientError', (error, socket) => {
      if (this.#closed) return;
      const { remoteAddress = '', remotePort = 0, authorizationError } = socket;
      intake.counts.handshakesFailed++;
      // Node has the code here, whatever its type says.
      const code = authorizationError as unknown;
      const why = typeof code === 'string' ? `the sender's certificate is not accepted (${code})` : reasonOf(error);
      const peer = { address: plainAddress(remoteAddress), port: remotePort };
      tell(intake, 'handshakeFailed', `a connection did not become TLS: ${why}`, peer);
      // Node tells of a time-out, and leaves it open.
      socket.destroy();
    });
  }

  /** Takes a connection that nothing has been read of. */
  async take(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // What happens to it once it is TLS is reported there.
    socket.on('error', () => {});
    await this.#files.look();
    if (!socket.destroyed) this.#server.emit('connection', socket);
  }

  /** Ends all that has come, and is not closed yet. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #renew(): Promise<void> {
    const { certFile, keyFile, caFile, maxTlsVersion } = this.#intake.config;
    const files = await readTls({ certFile, keyFile, caFile });
    this.#server.setSecureContext({ ...files, minVersion: 'TLSv1.2', maxVersion: maxTlsVersion });
    this.#intake.ctx.log.info({ event: 'certificateRead', listener: this.#intake.name }, 'read the certificate again');
  }
}

async function makeServer({ certFile, keyFile, caFile, ...config }: Intake['config']): Promise<Server> {
  const options = await readTls({ certFile, keyFile, caFile });
  try {
    return createServer({
      ...options,
      minVersion: 'TLSv1.2',
      maxVersion: config.maxTlsVersion,
      requestCert: caFile !== undefined,
      handshakeTimeout: config.handshakeTimeoutMs,
    });
  } catch (cause) {
    throw new Error(`cannot use certFile, keyFile or caFile: ${reasonOf(cause as Error)}`, { cause });
  }
}

/** OpenSSL's messages are full of its own affairs; its reason says what is the matter. */
function reasonOf(error: Error & { readonly reason?: string }): string {
  return error.reason ?? error.message;
}
