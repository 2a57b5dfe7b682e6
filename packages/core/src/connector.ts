import type { Block, BlockContext } from './block.js';
import type { ConfFactory } from './config.js';
import { SputnikError } from './errors.js';
import type { SputnikEvent } from './events.js';
import { retryDelay } from './reconnect.js';
import type { ServerConnector } from './server-connector.js';

/** Whom the connector tells. */
export interface ConnectorAudience {
  emit(event: SputnikEvent): void;
  connected(connection: unknown): void;
  disconnected(): void;
}

/** A connection, and the reason of its end if the server connector reports it. */
interface Link<C> {
  readonly connection: C;
  readonly lost: Promise<unknown>;
}

/** The infrastructure block that connects, checks the connection, and connects again (S1 to S6). */
export function connectorBlock<C>(
  server: ServerConnector<C>,
  audience: ConnectorAudience,
  { connectMs, heartbeatMs }: { readonly connectMs: number; readonly heartbeatMs: number },
): Block {
  let config: ConfFactory;
  let attempting: Promise<Link<C>> | undefined;
  let checking: Promise<unknown>;
  let isChecking = false;
  let everConnected = false;

  /** One attempt: its signal aborts at its deadline and at landing; it ends when `connect` settles (S2, S6). */
  async function connect(attempt: number, { clock, landing }: BlockContext): Promise<Link<C>> {
    const abort = new AbortController();
    const giveUp = (): void => abort.abort();
    landing.addEventListener('abort', giveUp);
    let overdue: SputnikError | undefined;
    const cancel = clock.after(connectMs, () => {
      overdue = new SputnikError('TIMEOUT', `no connection within ${connectMs} ms`);
      audience.emit({ type: 'connectOverdue', attempt });
      abort.abort(overdue);
    });
    try {
      let report!: (reason: unknown) => void;
      const lost = new Promise<unknown>((resolve) => (report = resolve));
      const fallback = new SputnikError('CONNECTION_LOST');
      const link = { signal: abort.signal, lost: (reason: unknown = fallback) => report(reason) };
      const connection = await server.connect(config, link);
      everConnected = true;
      return { connection, lost };
    } catch (error) {
      throw overdue ?? error;
    } finally {
      cancel();
      landing.removeEventListener('abort', giveUp);
    }
  }

  /** Resolves with the reason when the connection is lost, with anything at landing. */
  async function loss({ lost }: Link<C>, { clock, landing }: BlockContext): Promise<unknown> {
    for (;;) {
      const due = clock.sleep(heartbeatMs, landing);
      const reported = await Promise.race([lost, due]);
      if (reported !== undefined || landing.aborted) return reported;
      if (!isChecking) checking = check();
      const late = new SputnikError('TIMEOUT', `no answer to the heartbeat within ${heartbeatMs} ms`);
      const deadline = clock.sleep(heartbeatMs, landing).then(() => late);
      const trouble = await Promise.race([lost, checking, deadline]);
      if (trouble !== undefined || landing.aborted) return trouble;
    }
  }

  /** The heartbeat: resolves with what is wrong, or undefined. Never two at once (S3). */
  async function check(): Promise<unknown> {
    isChecking = true;
    try {
      if (await server.isConnected()) return undefined;
      return new SputnikError('CONNECTION_LOST', 'the heartbeat found no connection');
    } catch (error) {
      return error;
    } finally {
      isChecking = false;
    }
  }

  return {
    init(confFactory) {
      config = confFactory;
    },
    async run(_self, ctx) {
      const { clock, landing } = ctx;
      let failures = 0;
      for (let attempt = 1; !landing.aborted; attempt++) {
        audience.emit({ type: 'connecting', attempt });
        try {
          attempting = connect(attempt, ctx);
          const link = await attempting;
          if (landing.aborted) return;
          const since = clock.now();
          audience.emit({ type: 'connected', attempt });
          audience.connected(link.connection);
          const reason = await loss(link, ctx);
          if (landing.aborted) return;
          audience.emit({ type: 'disconnected', reason });
          audience.disconnected();
          // After a connection that lasted, the first retry is immediate.
          failures = clock.now() - since >= heartbeatMs ? 0 : failures + 1;
          if (failures > 0) await clock.sleep(retryDelay(failures), landing);
        } catch (error) {
          const retryInMs = landing.aborted ? undefined : retryDelay(++failures);
          audience.emit({ type: 'connectFailed', attempt, error, retryInMs });
          await clock.sleep(retryInMs ?? 0, landing);
        }
      }
    },
    /** Waits for the attempt under way: should it succeed after all, its connection is closed too (S5). */
    async finish() {
      await attempting?.catch(() => {});
      if (everConnected) await server.disconnect();
    },
  };
}
