import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { FileReloader } from '@sputnikjs/messaging/net';
import type { Address } from '@sputnikjs/messaging/net';
import { tell, type Intake } from './intake.js';
import { Opening, type Opened } from './opening.js';
import { readListenerTls } from './tls-files.js';

/** Takes a connection that has become TLS, and whose it is. */
export type OnSecure = (socket: TLSSocket, peer: Address) => void;

/**
 * Makes TLS connections (RFC 5425) of those that come. The files of the certificate are looked at when somebody connects, and read
 * again when one has changed; if what they hold then cannot be used, the certificate before stays.
 */
export class TlsGate {
  readonly #intake: Intake;
  readonly #server: Server;
  /** Connections that are not closed yet. */
  readonly #sockets = new Set<Socket>();
  /** Whose they are, and were: Node tells of a failure when the connection is closed. */
  readonly #peers = new WeakMap<Socket, Address>();
  readonly #files: FileReloader;
  #closed = false;

  /** Reads the files. Rejects with what is wrong with them. `onSecure` gets each connection that has become TLS. */
  static async open(intake: Intake, onSecure: OnSecure): Promise<TlsGate> {
    const { certFile, keyFile, passphraseFile, caFile } = intake.config;
    const files = new FileReloader([certFile, keyFile, passphraseFile, caFile], {
      reload: () => gate.#renew(),
      unusable: ({ message }) => {
        const text = `the changed files of the certificate cannot be used, so the old certificate stays: ${message}`;
        tell(intake, 'certificateUnusable', text);
      },
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
      // Node tells of a time-out, and leaves it open.
      socket.destroy();
    });
  }

  /** Takes a connection that nothing has been read of. `opened` tells whose it is once that is known. */
  async take(socket: Socket, peer: Address, opened: (opened: Opened) => Address | undefined): Promise<void> {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // What happens to it once it is TLS is reported there.
    socket.on('error', () => {});
    const begun = await this.#read(socket, peer);
    const source = begun && opened(begun);
    if (begun === undefined || source === undefined) return void socket.destroy();
    this.#peers.set(socket, source);
    if (!begun.isTls) {
      this.#fail(source, `the sender does not speak TLS. Let it speak TLS, or send to a listener for TCP`);
      return void socket.destroy();
    }
    await this.#files.look();
    if (!socket.destroyed) this.#server.emit('connection', socket);
  }

  /** Ends all that has come, and is not closed yet. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Reads what the connection begins with, and gives back what is for TLS. Undefined if it does not come to that, which is told. */
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

  /** Of a connection that is closed its socket does not tell any more, but Node keeps what the TLS socket was made of. */
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

/** OpenSSL's messages are full of its own affairs; its reason says what is the matter. */
function reasonOf(error: Error & { readonly reason?: string }, { authorizationError }: TLSSocket): string {
  // Node has the code here, whatever its type says.
  const code = authorizationError as unknown;
  return typeof code === 'string'
    ? `the sender's certificate is not accepted (${code})`
    : (error.reason ?? error.message);
}
