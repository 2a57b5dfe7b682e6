import { connectorChecks } from './connector-checks.js';
import type { ConnectorTrial } from './connector-trial.js';
import { testRunner } from './runner.js';
import { suite } from './suite.js';

/**
 * Registers a test for each rule that every server connector must keep.
 *
 * @example
 * import type { ServerConnector } from '@sputnikjs/core';
 * import { connectorConformance } from '@sputnikjs/testkit';
 * class Here implements ServerConnector<string> {
 *   #connected = false;
 *   connect = async () => ((this.#connected = true), 'the connection');
 *   isConnected = () => this.#connected;
 *   disconnect = () => void (this.#connected = false);
 * }
 * connectorConformance('here', { make: () => new Here() });
 */
export function connectorConformance(name: string, trial: ConnectorTrial): void {
  const { describe, afterSuite } = testRunner();
  describe(`server connector ${name}`, () => {
    afterSuite(async () => trial.server?.stop());
    suite('its rules', connectorChecks, trial);
  });
}
