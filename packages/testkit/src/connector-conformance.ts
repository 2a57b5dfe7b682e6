import { connectorChecks } from './connector-checks.js';
import type { ConnectorTrial } from './connector-trial.js';
import { suite } from './suite.js';

/** Registers a test for each rule that every server connector keeps. */
export function connectorConformance(name: string, trial: ConnectorTrial): void {
  suite(`server connector ${name}`, connectorChecks, trial);
}
