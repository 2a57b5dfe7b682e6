import { onAbort } from '../time/abort.js';
import type { Block, BlockContext } from '../block/block.js';
import { settles } from '../time/clock.js';
import type { ConfFactory } from '../api/config.js';
import { SputnikError } from '../api/errors.js';
import type { EventListener } from '../block/events.js';
import { hasLasted, retryDelay } from './reconnect.js';
import type { ConnectAttempt, ServerConnector } from './server-connector.js';
import type { ServerConnection } from '../block/server-lane.js';

/** How long an attempt may take to obey its signal. */
const ABORTED_MS = 1_000;

/** The infrastructure block that connects, checks the connection, and connects again (S1 to S6). */
export function connectorBlock<C>(
  server: ServerConnector<C>,
  emit: EventListener,
  setConnection: (link: ServerConnection | undefined) => void,
  { connectMs, heartbeatMs }: { readonly connectMs: number; readonly heartbeatMs: number },
): Block {
  let config: ConfFactory;
  let attempting: Promise<unknown> = Promise.resolve();
  /** The heartbeat under way. */
  let checking: Promise<void> | undefined;
  let everConnected = false;

  /** One attempt: its signal aborts at its deadline and at landing; it ends when `connect` settles (S2, S6). */
  async function connect(attempt: number, lost: ConnectAttempt['lost'], { clock, landing }: BlockContext): Promise<C> {
    const abort = new AbortController();
    let overdue: SputnikError | undefined;
    const cancel = clock.after(connectMs, () => {
      overdue = new SputnikError('TIMEOUT', `no connection within ${connectMs} ms`);
      emit({ type: 'connectOverdue', attempt });
      // guard: S2 an attempt has a deadline
      abort.abort(overdue);
    });
    // guard: S6 landing aborts the attempt under way
    const forget = onAbort(landing, () => (cancel(), abort.abort()));
    try {
      const connection = await server.connect(config, { signal: abort.signal, lost });
      everConnected = true;
      return connection;
    } catch (error) {
      // guard: S2 an attempt that is too late says so
      throw overdue ?? error;
    } finally {
      cancel();
      forget();
    }
  }

  /** Heartbeats until the connection is `over`: lost, or the satellite lands (S3). */
  async function watch(over: AbortController, { clock }: BlockContext): Promise<void> {
    while (!over.signal.aborted) {
      await clock.sleep(heartbeatMs, over.signal);
      // guard: S3 no heartbeat follows a loss
      if (over.signal.aborted) return;
      // The answer to a heartbeat of an earlier connection, still under way, says nothing of this one.
      // guard: S3 never two heartbeats at once
      const beat = (checking ??= check(over).finally(() => (checking = undefined)));
      const late = clock.sleep(heartbeatMs, over.signal);
      const answered = await Promise.race([beat.then(() => true), late.then(() => false)]);
      // guard: S3 a late heartbeat is a loss
      if (!answered) over.abort(new SputnikError('TIMEOUT', `no answer to the heartbeat within ${heartbeatMs} ms`));
    }
  }

  async function check(over: AbortController): Promise<void> {
    try {
      // guard: S3 a heartbeat that finds no connection is a loss
      if (await server.isConnected()) return;
      over.abort(new SputnikError('CONNECTION_LOST', 'the heartbeat found no connection'));
    } catch (error) {
      // guard: S3 a heartbeat that fails is a loss
      over.abort(error);
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
        /** Aborts when the connection is lost, with the reason, and at landing. */
        const over = new AbortController();
        // guard: S6 landing ends heartbeats
        const forget = onAbort(landing, () => over.abort());
        emit({ type: 'connecting', attempt });
        if (landing.aborted) return;
        try {
          // guard: S3 a loss that is reported is noticed at once
          const lost: ConnectAttempt['lost'] = (reason = new SputnikError('CONNECTION_LOST')) => over.abort(reason);
          const connecting = (attempting = connect(attempt, lost, ctx));
          const connection = await connecting;
          // guard: S6 nobody is told of a connection that comes at landing
          if (landing.aborted) return;
          const since = clock.now();
          emit({ type: 'connected', attempt });
          setConnection({ connection });
          await watch(over, ctx);
          // guard: S5 no onServerDisconnect at landing
          if (landing.aborted) return;
          emit({ type: 'disconnected', reason: over.signal.reason as unknown });
          setConnection(undefined);
          // After a connection that lasted, the first retry is immediate.
          // guard: S2 after a connection that lasted the first retry is immediate
          // guard: S2 after one that did not it is not
          failures = hasLasted(clock.now() - since, heartbeatMs) ? 0 : failures + 1;
          if (failures > 0) await clock.sleep(retryDelay(failures), landing);
        } catch (error) {
          const retryInMs = landing.aborted ? undefined : retryDelay(++failures);
          emit({ type: 'connectFailed', attempt, error, retryInMs });
          // guard: S6 landing ends the wait for the next attempt
          await clock.sleep(retryInMs ?? 0, landing);
        } finally {
          forget();
        }
      }
    },
    /** Should the attempt under way succeed after all, its connection is closed too (S5); with one to close it waits a second. */
    async finish(_init, { clock }) {
      const attempt = attempting.catch(() => {});
      // guard: S5 a late success is disconnected too
      if (!(await settles(clock, attempt, ABORTED_MS)) && !everConnected) await attempt;
      try {
        // guard: S5 no disconnect without a connect
        if (everConnected) await server.disconnect();
      } finally {
        // guard: L5 the connector ends with its heartbeat
        await checking;
      }
    },
  };
}
