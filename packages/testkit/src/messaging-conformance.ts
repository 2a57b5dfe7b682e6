import { after, describe } from 'node:test';
import { connectorChecks } from './connector-checks.js';
import { messagingChecks } from './messaging-checks.js';
import type { MessagingTrial } from './messaging-trial.js';
import { outageChecks } from './outage-checks.js';
import { suite } from './suite.js';

/**
 * Registers a test for each rule that the connector of a message server keeps, those of every server connector among them. What a
 * trial does not declare is skipped, and says so.
 */
export function messagingConformance(name: string, trial: MessagingTrial): void {
  const { server, features } = trial;
  describe(`message server ${name}`, () => {
    after(() => server.stop());
    suite('its connector', connectorChecks, {
      make: () => trial.make(server.port),
      makeForMute: (port) => trial.make(port),
      server,
      features: { pushedLoss: features.pushedLoss },
    });
    suite('its messages', messagingChecks, trial);
    suite('its outages', outageChecks, trial);
  });
}
