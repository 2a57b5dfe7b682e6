import type { Block, BlockContext } from './block.js';
import { settles } from './clock.js';
import type { ConfFactory } from './config.js';
import { SputnikError } from './errors.js';
import type { SputnikEvent } from './events.js';
import { retryDelay } from './reconnect.js';
import type { ServerConnector } from './server-connector.js';

/** How long an attempt may take to obey its signal. */
const ABORTED_MS = 1_000;

/** Whom the connector tells. */
export interface ConnectorAudience {
  emit(event: SputnikEvent): void;
  connected(connection: unknown): void;
  disconnected(): void;
}

interface Loss {
  readonly reason: unknown;
}

/** A connection, its end once it is lost, and who is to be told of that. */
interface Link<C> {
  connection: C;
  lost?: Loss;
  wake: () => void;
}

/** The infrastructure block that connects, checks the connection, and connects again (S1 to S6). */
export function connectorBlock<C>(
  server: ServerConnector<C>,
  audience: ConnectorAudience,
  { connectMs, heartbeatMs }: { readonly connectMs: number; readonly heartbeatMs: number },
): Block {
  let config: ConfFactory;
  let attempting: Promise<Link<C>> | undefined;
  /** The heartbeat under way. */
  let checking: Promise<Loss | undefined> | undefined;
  let everConnected = false;

  /** One attempt: its signal aborts at its deadline and at landing; it ends when `connect` settles (S2, S6). */
  async function connect(attempt: number, { clock, landing }: BlockContext): Promise<Link<C>> {
    const abort = new AbortController();
    const giveUp = (): void => {
      cancel();
      abort.abort();
    };
    landing.addEventListener('abort', giveUp);
    let overdue: SputnikError | undefined;
    const cancel = clock.after(connectMs, () => {
      overdue = new SputnikError('TIMEOUT', `no connection within ${connectMs} ms`);
      audience.emit({ type: 'connectOverdue', attempt });
      abort.abort(overdue);
    });
    try {
      const link: Link<C> = { connection: undefined as C, wake() {} };
      const lost = (reason: unknown = new SputnikError('CONNECTION_LOST')): void => {
        link.lost ??= { reason };
        link.wake();
      };
      link.connection = await server.connect(config, { signal: abort.signal, lost });
      everConnected = true;
      return link;
    } catch (error) {
      throw overdue ?? error;
    } finally {
      cancel();
      landing.removeEventListener('abort', giveUp);
    }
  }

  /** Resolves with the reason when the connection is lost, with nothing at landing. */
  async function loss(link: Link<C>, { clock, landing }: BlockContext): Promise<Loss | undefined> {
    // Not a race with a promise that lives as long as the link: each would leave something with it.
    const wait = <T>(work: Promise<T>): Promise<T | void> =>
      new Promise((resolve) => {
        link.wake = resolve;
        if (link.lost) resolve();
        void work.then(resolve);
      });
    while (!landing.aborted && !link.lost) {
      await wait(clock.sleep(heartbeatMs, landing));
      if (landing.aborted || link.lost) break;
      // The answer to a heartbeat of an earlier connection says nothing of this one.
      const answer = checking ? checking.then(() => undefined) : (checking = check());
      const deadline = clock.sleep(heartbeatMs, landing).then(() => ({
        reason: new SputnikError('TIMEOUT', `no answer to the heartbeat within ${heartbeatMs} ms`),
      }));
      const trouble = await wait(Promise.race([answer, deadline]));
      if (trouble && !landing.aborted) link.lost ??= trouble;
    }
    return link.lost;
  }

  /** The heartbeat: resolves with what is wrong, or undefined. Never two at once (S3). */
  async function check(): Promise<Loss | undefined> {
    try {
      if (await server.isConnected()) return undefined;
      return { reason: new SputnikError('CONNECTION_LOST', 'the heartbeat found no connection') };
    } catch (error) {
      return { reason: error };
    } finally {
      checking = undefined;
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
        if (landing.aborted) return;
        try {
          attempting = connect(attempt, ctx);
          const link = await attempting;
          if (landing.aborted) return;
          const since = clock.now();
          audience.emit({ type: 'connected', attempt });
          audience.connected(link.connection);
          const lost = await loss(link, ctx);
          if (landing.aborted) return;
          audience.emit({ type: 'disconnected', reason: lost?.reason });
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
    /** Should the attempt under way succeed after all, its connection is closed too (S5); with one to close it waits a second. */
    async finish(_init, { clock }) {
      const attempt = attempting?.catch(() => {}) ?? Promise.resolve();
      if (!(await settles(clock, attempt, ABORTED_MS)) && !everConnected) await attempt;
      if (everConnected) await server.disconnect();
      await checking;
    },
  };
}
