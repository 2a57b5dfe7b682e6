export { check, type CheckResult } from './folder/check.js';
export { Cleaner } from './run/cleaner.js';
export type { GivenConnector } from './folder/connector-conf.js';
export type {
  ConfigurationOptions,
  NestedEntry,
  NestedOptions,
  RestartLimit,
  RunnerOptions,
  SatelliteOptions,
  SidecarEntry,
} from './folder/options.js';
export { EXIT } from './run/exit-code.js';
export type { RawConfiguration, Reader } from './folder/reader.js';
export { startRunner, type Runner } from './run/runner.js';
export { createLog } from './log/logs.js';
export { start } from './run/start.js';
