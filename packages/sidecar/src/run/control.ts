import { systemClock, type FlightStatus, type Logger } from '@sputnikjs/core';
import { Taps } from '../admin/taps.js';
import type { Setup } from '../folder/setup.js';
import type { LogLevel } from '../log/log-level.js';
import type { Cleaner } from './cleaner.js';
import { guardProcess } from './process-guard.js';
import { Reloader, type LiveKey } from './reloader.js';
import { Signals, toggleOnSignal } from './signals.js';
import { Watch } from './watch.js';

/** What is controlled. */
interface Controlled {
  /** Who owns the process. */
  readonly process: 'ours' | 'host';
  readonly log: Logger | undefined;
  /** The log of blocks. */
  readonly blocksLog: Logger | undefined;
  /** Of that log, where it is the satellite's own. */
  readonly logLevel: LogLevel | undefined;
  readonly status: () => FlightStatus | undefined;
}

/** How a satellite is controlled from outside its blocks: by signals, reloads and taps. */
export interface Control {
  readonly signals: Signals;
  readonly reloader: Reloader;
  readonly taps: Taps;
}

/** Listens to signals, and guards the process if it is ours, until the clean-up. */
export function takeControl(setup: Setup, controlled: Controlled, cleaner: Cleaner): Control {
  const { settings } = setup;
  const { process, log, blocksLog, logLevel, status } = controlled;
  const taps = new Taps(systemClock, settings.admin?.tap ?? [], blocksLog);
  const live = [...(logLevel ? [liveLevel(logLevel)] : []), ...(settings.admin ? [liveTap(taps)] : [])];
  const reloader = new Reloader({ setup, live, log });
  const { delayMs } = settings.landing;
  const signals = new Signals({ clock: systemClock, log, delayMs, process, reload: () => void reloader.reload() });
  cleaner.push(() => signals.close());
  if (log && process === 'ours') {
    const watch = new Watch({ mostMs: settings.timeouts.landingMs, soon: signals.soon, log });
    cleaner.push(() => watch.close());
    const fail = (error: unknown): void => signals.fail(error);
    cleaner.push(guardProcess({ log, status, stuck: () => watch.stuck, fail }));
  }
  if (log && logLevel) cleaner.push(toggleOnSignal(logLevel, log));
  return { signals, reloader, taps };
}

function liveLevel(level: LogLevel): LiveKey {
  const current = (): unknown => level.current;
  return { path: 'logLevel', current, apply: ({ logLevel }) => level.configure(logLevel) };
}

function liveTap(taps: Taps): LiveKey {
  const apply: LiveKey['apply'] = ({ admin }) => taps.allow(admin?.tap ?? []);
  return { path: 'admin.tap', current: () => taps.allowed, apply };
}
