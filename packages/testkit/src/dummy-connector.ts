import type { ServerConnector } from '@sputnikjs/core';

/**
 * A connector for tests without a server: `setState` says whether there is one. At first there is none. It does not report a loss; the heartbeat
 * finds it.
 *
 * @example
 * import { defineBlock, Sputnik } from '@sputnikjs/core';
 * import { DummyConnector } from '@sputnikjs/testkit';
 * const connector = new DummyConnector();
 * connector.setState(true);
 * const user = defineBlock({ name: 'user', make: (_config, _to, { land }) => ({ onServerConnect: (text: string) => land(text) }) });
 * const flight = await new Sputnik({ appBlocks: [{ name: 'user' }], blockFactories: { user }, connector }).prepare();
 * console.log((await flight.launch()).cause.reason); // connected
 */
export class DummyConnector implements ServerConnector<string> {
  #there = false;
  #connected = false;

  /** Says whether there is a server from now on. */
  setState(connected: boolean): void {
    this.#there = connected;
    if (!connected) this.#connected = false;
  }

  /** Resolves with the text "connected". */
  async connect(): Promise<string> {
    if (!this.#there) throw new Error('connection failed: the dummy connector is set to disconnected');
    this.#connected = true;
    return 'connected';
  }

  isConnected(): boolean {
    return this.#connected;
  }

  disconnect(): void {
    this.setState(false);
  }
}
