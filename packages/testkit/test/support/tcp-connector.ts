import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ConfFactory, ConnectAttempt, ServerConnector } from '@sputnikjs/core';

/** What a bad connector does. */
export type Flaw =
  | 'is always connected'
  | 'is connected once it was'
  | 'is connected while the socket is open'
  | 'leaves heartbeats unanswered'
  | 'keeps the former socket'
  | 'keeps the lost connection'
  | 'reports only the first loss'
  | 'reconnects'
  | 'reconnects after a disconnect in an outage'
  | 'ignores the abort'
  | 'leaves the aborted socket open';

/** A connector of {@link TcpServer}: a good one, but for its flaw. */
export class TcpConnector implements ServerConnector<Socket> {
  readonly #port: () => number;
  readonly #flaw: Flaw | undefined;
  #socket: Socket | undefined;
  #pings: ((alive: boolean) => void)[] = [];
  #hasConnected = false;
  #losses = 0;
  #reconnecting: NodeJS.Timeout | undefined;

  constructor(port: () => number, flaw?: Flaw) {
    this.#port = port;
    this.#flaw = flaw;
  }

  async connect(_config: ConfFactory, { signal, lost }: ConnectAttempt): Promise<Socket> {
    if (this.#flaw === 'keeps the lost connection' && this.#socket) return this.#socket;
    if (this.#flaw !== 'keeps the former socket') this.#socket?.destroy();
    const socket = await this.#open(signal);
    this.#socket = socket;
    this.#hasConnected = true;
    socket.on('data', () => this.#answer(true));
    socket.once('close', () => {
      if (this.#socket !== socket) return;
      if (this.#flaw !== 'leaves heartbeats unanswered') this.#answer(false);
      const isTold = !(this.#flaw === 'reports only the first loss' && this.#losses > 0);
      this.#losses++;
      if (isTold) lost(new Error('the server hung up'));
      if (this.#flaw?.startsWith('reconnects')) this.#reconnectLater();
    });
    return socket;
  }

  /** Through the handshake: a ping, answered. */
  async #open(signal: AbortSignal): Promise<Socket> {
    const socket = connect(this.#port(), '127.0.0.1').on('error', () => {});
    const giveUp = (): void => {
      if (this.#flaw === 'ignores the abort') return;
      if (this.#flaw === 'leaves the aborted socket open') socket.emit('error', signal.reason);
      else socket.destroy(signal.reason as Error);
    };
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    socket.write('ping');
    try {
      // 'close' comes without an error where the server hangs up.
      await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => Promise.reject(new Error('closed')))]);
      return socket;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  isConnected(): boolean | Promise<boolean> {
    if (this.#flaw === 'is always connected') return true;
    if (this.#flaw === 'is connected once it was' && this.#hasConnected) return true;
    const socket = this.#socket;
    if (!socket || (socket.destroyed && this.#flaw !== 'leaves heartbeats unanswered')) return false;
    if (this.#flaw === 'is connected while the socket is open') return true;
    if (!socket.destroyed) socket.write('ping');
    return new Promise((resolve) => this.#pings.push(resolve));
  }

  disconnect(): void {
    const socket = this.#socket;
    const goesOn = this.#flaw === 'reconnects' || (this.#flaw?.startsWith('reconnects') && socket?.destroyed);
    if (!goesOn) this.#socket = undefined;
    if (this.#flaw !== 'leaves heartbeats unanswered') this.#answer(false);
    socket?.destroy();
  }

  /** Ends what its flaw has it go on with. */
  dispose(): void {
    clearTimeout(this.#reconnecting);
    this.#socket?.removeAllListeners('close').destroy();
  }

  #reconnectLater(): void {
    this.#reconnecting = setTimeout(() => {
      const attempt = { signal: new AbortController().signal, lost: () => {} };
      this.connect(undefined as never, attempt).catch(() => this.#reconnectLater());
    }, 20);
  }

  #answer(alive: boolean): void {
    for (const resolve of this.#pings.splice(0)) resolve(alive);
  }
}
