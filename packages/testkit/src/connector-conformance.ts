import { after, describe } from 'node:test';
import { connectorChecks } from './connector-checks.js';
import type { ConnectorTrial } from './connector-trial.js';
import { suite } from './suite.js';

/** Registers a test for each rule that every server connector keeps. */
export function connectorConformance(name: string, trial: ConnectorTrial): void {
  describe(`server connector ${name}`, () => {
    after(() => trial.server?.stop());
    suite('its rules', connectorChecks, trial);
  });
}
