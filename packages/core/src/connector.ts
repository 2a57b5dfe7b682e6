import type { Block, BlockCommunicator, BlockContext } from './block.js';
import { settles } from './clock.js';
import type { ConfFactory } from './config.js';
import { SputnikError } from './errors.js';
import type { SputnikEvent } from './events.js';
import { retryDelay } from './reconnect.js';
import type { ServerConnector } from './server-connector.js';

/** Whom the connector tells. */
export interface ConnectorAudience<C> {
  emit(event: SputnikEvent): void;
  connected(connection: C): void;
  disconnected(): void;
}

/** A connection, and the end of it that the server connector reports. */
interface Link<C> {
  readonly connection: C;
  readonly lost: Promise<unknown>;
}

/** The infrastructure block that connects, checks the connection, and connects again (S1 to S6). */
export class ConnectorBlock<C> implements Block<C> {
  readonly #server: ServerConnector<C>;
  readonly #audience: ConnectorAudience<C>;
  readonly #connectMs: number;
  readonly #heartbeatMs: number;
  #config!: ConfFactory;
  #attempt: Promise<Link<C>> | undefined;
  #heartbeat: Promise<unknown> | undefined;
  #everConnected = false;

  constructor(
    server: ServerConnector<C>,
    audience: ConnectorAudience<C>,
    { connectMs, heartbeatMs }: { readonly connectMs: number; readonly heartbeatMs: number },
  ) {
    this.#server = server;
    this.#audience = audience;
    this.#connectMs = connectMs;
    this.#heartbeatMs = heartbeatMs;
  }

  init(config: ConfFactory): void {
    this.#config = config;
  }

  async run(_self: BlockCommunicator, ctx: BlockContext): Promise<void> {
    const { clock, landing } = ctx;
    let failures = 0;
    for (let attempt = 1; !landing.aborted; attempt++) {
      this.#audience.emit({ type: 'connecting', attempt });
      try {
        this.#attempt = this.#connect(attempt, ctx);
        const link = await this.#attempt;
        if (landing.aborted) return;
        const since = clock.now();
        this.#audience.emit({ type: 'connected', attempt });
        this.#audience.connected(link.connection);
        const reason = await this.#loss(link, ctx);
        if (landing.aborted) return;
        this.#audience.emit({ type: 'disconnected', reason });
        this.#audience.disconnected();
        // After a connection that lasted, the first retry is immediate.
        failures = clock.now() - since >= this.#heartbeatMs ? 0 : failures + 1;
        if (failures > 0) await clock.sleep(retryDelay(failures), landing);
      } catch (error) {
        const retryInMs = landing.aborted ? undefined : retryDelay(++failures);
        this.#audience.emit({ type: 'connectFailed', attempt, error, retryInMs });
        if (retryInMs !== undefined) await clock.sleep(retryInMs, landing);
      }
    }
  }

  /** Waits for the attempt under way: should it succeed after all, its connection is closed too (S5). */
  async finish(): Promise<void> {
    await this.#attempt?.catch(() => {});
    if (this.#everConnected) await this.#server.disconnect();
  }

  /** One attempt: its signal aborts at its deadline and at landing; it ends when `connect` settles (S2, S6). */
  async #connect(attempt: number, { clock, landing }: BlockContext): Promise<Link<C>> {
    const abort = new AbortController();
    const giveUp = (): void => abort.abort();
    let overdue: SputnikError | undefined;
    const cancel = clock.after(this.#connectMs, () => {
      overdue = new SputnikError('TIMEOUT', `no connection within ${this.#connectMs} ms`);
      this.#audience.emit({ type: 'connectOverdue', attempt });
      abort.abort(overdue);
    });
    landing.addEventListener('abort', giveUp);
    try {
      let report!: (reason: unknown) => void;
      const lost = new Promise<unknown>((resolve) => (report = resolve));
      const connection = await this.#server.connect(this.#config, {
        signal: abort.signal,
        lost: (reason) => report(reason ?? 'reported by the server connector'),
      });
      this.#everConnected = true;
      return { connection, lost };
    } catch (error) {
      throw overdue ?? error;
    } finally {
      cancel();
      landing.removeEventListener('abort', giveUp);
    }
  }

  /** Resolves with the reason when the connection is lost, or at landing. */
  async #loss({ lost }: Link<C>, { clock, landing }: BlockContext): Promise<unknown> {
    const over = new AbortController();
    const end = (): void => over.abort();
    landing.addEventListener('abort', end);
    const ended = new Promise<void>((resolve) => over.signal.addEventListener('abort', () => resolve()));
    const beats = async (): Promise<unknown> => {
      for await (const _ of clock.every(this.#heartbeatMs, over.signal)) {
        this.#heartbeat ??= this.#checkHeart();
        const checked = this.#heartbeat;
        if (!(await settles(clock, checked, this.#heartbeatMs))) {
          return new SputnikError('TIMEOUT', `no answer to the heartbeat within ${this.#heartbeatMs} ms`);
        }
        const trouble = await checked;
        if (trouble !== undefined) return trouble;
      }
      return undefined;
    };
    try {
      return await Promise.race([lost, beats(), ended]);
    } finally {
      landing.removeEventListener('abort', end);
      over.abort();
    }
  }

  /** Resolves with what is wrong, or undefined. Never two at once (S3). */
  async #checkHeart(): Promise<unknown> {
    try {
      const connected = await this.#server.isConnected();
      return connected ? undefined : new SputnikError('CONNECTION_LOST', 'the heartbeat found no connection');
    } catch (error) {
      return error;
    } finally {
      this.#heartbeat = undefined;
    }
  }
}
