import { confFactory, type ServerConnector } from '@sputnikjs/core';

/** Connects without a satellite. The connection is not expected to be lost. */
export async function connectionOf<C>(connector: ServerConnector<C>): Promise<C> {
  const lost = (reason: unknown): never => {
    throw new Error('the connection was lost in the middle of the bench', { cause: reason });
  };
  return connector.connect(
    confFactory(() => undefined),
    { signal: new AbortController().signal, lost },
  );
}
