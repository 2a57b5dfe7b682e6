import { blastChecks } from './blast-checks.js';
import { connectorChecks } from './connector-checks.js';
import { deliveryChecks } from './delivery-checks.js';
import { fullChecks } from './full-checks.js';
import { LONG_BLAST, SHORT_BLAST, type BlastSize } from './messaging-blast.js';
import { messagingChecks } from './messaging-checks.js';
import type { MessagingTrial } from './messaging-trial.js';
import { outageChecks } from './outage-checks.js';
import { destinationChecks, targetCheck } from './destination-checks.js';
import { replayChecks } from './replay-checks.js';
import { requestChecks } from './request-checks.js';
import { testRunner } from './runner.js';
import { suite, type Check } from './suite.js';
import { HOSTILE_TARGETS, SOME_TARGETS } from './targets.js';

/** The rules for connectors of message servers, besides those for every connector. */
export const MESSAGING_SUITES: Readonly<Record<string, Readonly<Record<string, Check<MessagingTrial>>>>> = {
  'its messages': messagingChecks,
  'its deliveries': deliveryChecks,
  'its sources and targets': { takesAnyTarget: targetCheck(SOME_TARGETS), ...destinationChecks },
  'its replays': replayChecks,
  'its requests': requestChecks,
  'its limits': fullChecks,
  'its outages': outageChecks,
  'its blasts': blastChecks(SHORT_BLAST),
};

/**
 * Registers a test for each rule that the connector of a message server must keep, including the rules for every server connector. Tests of
 * features that the trial does not declare are skipped, and say so.
 *
 * @example
 * // node --test-name-pattern="a message arrives once" example.js
 * import { randomUUID } from 'node:crypto';
 * import { after } from 'node:test';
 * import { connector, MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
 * import { messagingConformance } from '@sputnikjs/testkit';
 * import { mosquitto } from '@sputnikjs/testkit/servers';
 * messagingConformance('mosquitto', {
 *   server: await mosquitto({ after }),
 *   make: (port) => connector.make(MQTT_CONFIG.parse({ url: `mqtt://127.0.0.1:${port}` })),
 *   destination: async () => ((topic) => ({ target: topic, source: topic }))(randomUUID()),
 *   features: { consumer: true, pushedLoss: true },
 * });
 */
export function messagingConformance(name: string, trial: MessagingTrial): void {
  const { server, features } = trial;
  const { describe, afterSuite } = testRunner();
  describe(`message server ${name}`, () => {
    afterSuite(() => server.stop());
    suite('its connector', connectorChecks, {
      make: () => trial.make(server.port),
      makeForMute: (port) => trial.make(port),
      server,
      features: { pushedLoss: features.pushedLoss },
    });
    for (const [title, checks] of Object.entries(MESSAGING_SUITES)) suite(title, checks, trial);
  });
}

/**
 * Registers the long trials of {@link messagingConformance}, which take minutes: all targets, and the blasts at length. By default a blast has
 * 100,000 messages, while the server is killed, or the connection cut, five times.
 *
 * @example
 * // node --test-name-pattern="the connection is cut" example.js
 * import { randomUUID } from 'node:crypto';
 * import { after } from 'node:test';
 * import { connector, MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
 * import { messagingSoak } from '@sputnikjs/testkit';
 * import { mosquitto } from '@sputnikjs/testkit/servers';
 * messagingSoak('mosquitto', {
 *   server: await mosquitto({ after }),
 *   make: (port) => connector.make(MQTT_CONFIG.parse({ url: `mqtt://127.0.0.1:${port}` })),
 *   destination: async () => ((topic) => ({ target: topic, source: topic }))(randomUUID()),
 *   features: { consumer: true, pushedLoss: true },
 * }, { messages: 3_000, outages: 1 });
 */
export function messagingSoak(name: string, trial: MessagingTrial, size: BlastSize = LONG_BLAST): void {
  const { describe, afterSuite } = testRunner();
  describe(`message server ${name}, at length`, () => {
    afterSuite(() => trial.server.stop());
    suite('its sources and targets', { takesAnyTarget: targetCheck(HOSTILE_TARGETS) }, trial);
    suite('its blasts', blastChecks(size), trial);
  });
}
