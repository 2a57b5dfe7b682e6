import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { FileReloader } from '@sputnikjs/messaging/net';
import type { Address } from '@sputnikjs/messaging/net';
import { tell, type Intake } from './intake.js';
import { Opening, type Opened } from './opening.js';
import { readListenerTls } from './tls-files.js';

/** Gets a connection after its TLS handshake, and its sender. */
export type OnSecure = (socket: TLSSocket, peer: Address) => void;

/**
 * Performs the TLS handshakes of incoming connections (RFC 5425). At each connection it checks whether the certificate's files have changed, and
 * then reads them again. If it cannot use them, the previous certificate stays in use.
 */
export class TlsGate {
  readonly #intake: Intake;
  readonly #server: Server;
  /** Open connections. */
  readonly #sockets = new Set<Socket>();
  /** Their senders, also of closed connections: Node reports a failure after the close. */
  readonly #peers = new WeakMap<Socket, Address>();
  readonly #files: FileReloader;
  #closed = false;

  /** Reads the files; rejects with what is wrong with them. `onSecure` gets each connection after its handshake. */
  static async open(intake: Intake, onSecure: OnSecure): Promise<TlsGate> {
    const { certFile, keyFile, passphraseFile, caFile } = intake.config;
    const files = new FileReloader([certFile, keyFile, passphraseFile, caFile], {
      reload: () => gate.#renew(),
      unusable: ({ message }) => {
        const text = `the changed files of the certificate cannot be used, so the old certificate stays: ${message}`;
        tell(intake, 'certificateUnusable', text);
      },
      signal: intake.ctx.signal,
    });
    const gate: TlsGate = new TlsGate(intake, await makeServer(intake.config), files, onSecure);
    return gate;
  }

  private constructor(intake: Intake, server: Server, files: FileReloader, onSecure: OnSecure) {
    this.#intake = intake;
    this.#server = server;
    this.#files = files;
    server.on('secureConnection', (socket) => onSecure(socket, this.#peerOf(socket)));
    server.on('tlsClientError', (error, socket) => {
      this.#fail(this.#peerOf(socket), reasonOf(error, socket));
      // Node reports a time-out, but leaves the connection open.
      socket.destroy();
    });
  }

  /** Accepts a connection that nobody has read from. `opened` returns its sender once that is known. */
  async take(socket: Socket, peer: Address, opened: (opened: Opened) => Address | undefined): Promise<void> {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // Errors after the handshake are reported there.
    socket.on('error', () => {});
    const begun = await this.#read(socket, peer);
    const source = begun && opened(begun);
    if (begun === undefined || source === undefined) return void socket.destroy();
    this.#peers.set(socket, source);
    if (!begun.isTls) {
      this.#fail(source, `the sender does not speak TLS. Let it speak TLS, or send to a listener for TCP`);
      return void socket.destroy();
    }
    await this.#files.refresh();
    if (!socket.destroyed) this.#server.emit('connection', socket);
  }

  /** Ends all open connections. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Reads what the connection begins with, and returns what is for TLS. Returns undefined, and logs it, if it cannot. */
  #read(socket: Socket, peer: Address): Promise<Opened | undefined> {
    const { ctx, config } = this.#intake;
    const opening = new Opening();
    return new Promise((resolve) => {
      const end = (opened: Opened | undefined, why?: string): void => {
        cancel();
        socket.removeListener('data', read).removeListener('end', hangUp).removeListener('close', hangUp).pause();
        if (why !== undefined) this.#fail(peer, why);
        resolve(opened);
      };
      const read = (chunk: Buffer): void => {
        const opened = opening.read(chunk);
        if (!opened) return;
        end(opened);
        socket.unshift(opened.rest);
      };
      const hangUp = (): void => end(undefined, 'the sender closed the connection before it began');
      const cancel = ctx.clock.after(config.handshakeTimeoutMs, () => end(undefined, 'handshake timeout'));
      socket.on('data', read).on('end', hangUp).on('close', hangUp).resume();
    });
  }

  /** The socket of a closed connection has no address any more, but Node keeps the socket that the TLS socket was made of. */
  #peerOf(socket: TLSSocket): Address {
    const { _parent: parent } = socket as unknown as { readonly _parent?: Socket };
    // guard: a handshake that fails is told with its sender
    return (parent && this.#peers.get(parent)) ?? { address: '', port: 0 };
  }

  #fail(peer: Address, why: string): void {
    if (this.#closed) return;
    this.#intake.counts.handshakesFailed++;
    tell(this.#intake, 'handshakeFailed', `a TLS handshake failed: ${why}`, peer);
  }

  async #renew(): Promise<void> {
    const files = await readListenerTls(this.#intake.config);
    this.#server.setSecureContext({ ...files, minVersion: 'TLSv1.2', maxVersion: this.#intake.config.maxTlsVersion });
    this.#intake.ctx.log.info({ event: 'certificateRead', listener: this.#intake.name }, 'read the certificate again');
  }
}

async function makeServer(config: Intake['config']): Promise<Server> {
  return createServer({
    ...(await readListenerTls(config)),
    minVersion: 'TLSv1.2',
    maxVersion: config.maxTlsVersion,
    requestCert: config.caFile !== undefined,
    handshakeTimeout: config.handshakeTimeoutMs,
  });
}

/** Returns OpenSSL's reason: its messages have internal details around it. */
function reasonOf(error: Error & { readonly reason?: string }, { authorizationError }: TLSSocket): string {
  // Node has the code here, whatever its type says.
  const code = authorizationError as unknown;
  return typeof code === 'string'
    ? `the sender's certificate is not accepted (${code})`
    : (error.reason ?? error.message);
}
