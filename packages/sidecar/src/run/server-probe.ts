import { confFactory, systemClock, type ConnectAttempt } from '@sputnikjs/core';
import type { ServerFound, StartableConnector } from '@sputnikjs/messaging';
import type { SatelliteSetup } from '../folder/setup.js';
import { serverOf } from '../satellite/owned-connector.js';

/** The result of a probe of the server. */
export type Probed =
  /** There is no connector, or the server is embedded in the satellite. */
  | { readonly kind: 'none' }
  | { readonly kind: 'embedded' }
  /** The login works. */
  | { readonly kind: 'found'; readonly server: Partial<ServerFound>; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Connects as the satellite does, with the same deadline, and disconnects. Never rejects. */
export async function probeServer({ connector, settings, sputnik }: SatelliteSetup): Promise<Probed> {
  if (connector === undefined) return { kind: 'none' };
  const { connectMs } = settings.timeouts;
  const deadline = new AbortController();
  const began = systemClock.now();
  const cancel = systemClock.after(connectMs, () =>
    deadline.abort(
      new Error(
        `no answer within ${connectMs / 1000} s (timeouts.connectMs); are host and port in connector.json right, and does a firewall let it through?`,
      ),
    ),
  );
  const late = new Promise<never>((_, reject) =>
    deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason as Error)),
  );
  late.catch(() => {});
  try {
    const config = confFactory(sputnik.config ?? (() => undefined));
    const probing =
      connector.probe?.(deadline.signal) ??
      connected(connector, (attempt) => connector.connect(config, attempt), deadline.signal);
    const server = await Promise.race([probing, late]);
    return server === undefined ? { kind: 'embedded' } : { kind: 'found', server, tookMs: systemClock.now() - began };
  } catch (error) {
    return { kind: 'failed', error };
  } finally {
    cancel();
  }
}

/** The result for a connector without `probe`. */
async function connected(
  connector: StartableConnector,
  connect: (attempt: ConnectAttempt) => unknown,
  signal: AbortSignal,
): Promise<Partial<ServerFound>> {
  await connector.start?.();
  try {
    const url = serverOf(await connect({ signal, lost: () => {} }));
    return url === undefined ? {} : { url };
  } finally {
    await connector.disconnect();
  }
}
