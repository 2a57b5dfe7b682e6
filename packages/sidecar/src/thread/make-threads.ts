import type { ThreadMaker } from '../satellite/assembly.js';
import { Outbox } from '../remote/outbox.js';
import { levelOf } from '../remote/level-of.js';
import { ThreadRoom } from './room.js';
import { sides } from '../remote/sides.js';
import { ThreadSatellite } from './thread-satellite.js';

/** Makes a satellite that flies in a thread of its own. */
export const makeThreads: ThreadMaker = async (setup, thread, shared) => {
  const { path } = setup;
  const { within } = sides(path, shared.hearing);
  const observer = shared.observer && shared.namesOf(path).ofObserver(shared.observer);
  const outbox = await Outbox.for(within, { base: path, log: shared.log, observer });
  const level = levelOf(setup, outbox);
  const room = new ThreadRoom(outbox, level, path, shared.log);
  return {
    room,
    make: async (options) => {
      const made = new ThreadSatellite({ setup, thread, shared, within, outbox, level, options });
      room.made = made;
      return made;
    },
  };
};
