import type { SatelliteSetup } from '../folder/setup.js';
import type { Level } from '../satellite/level.js';
import type { Outbox } from './outbox.js';

/** How messages get to the satellite `setup` elsewhere, and to those inside it. */
export function levelOf({ path, nested }: SatelliteSetup, outbox: Outbox): Level {
  return {
    flight: { communicator: (responsibility, from) => outbox.communicator(path, responsibility, from) },
    nested: new Map([...nested].map(([name, one]) => [name, { current: levelOf(one, outbox) }])),
  };
}
