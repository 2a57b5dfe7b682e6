/** What stands for the globals that depend on chance, on time, or on the event loop. */
export interface Stand {
  random(): number;
  /** Milliseconds, as `performance.now`. */
  now(): number;
  immediate(callback: () => void): void;
  /** A real timer was set, or cleared. */
  set(handle: NodeJS.Timeout): void;
  cleared(handle: NodeJS.Timeout | undefined): void;
}

let stand: Stand | undefined;
let replaced = false;

/** From now on, these stand for the globals; without any, the globals are as they were. */
export function standIn(instead: Stand | undefined): void {
  if (!replaced) replace();
  replaced = true;
  stand = instead;
  // Most errors of a flight are meant to be, and nobody looks where they are from.
  Error.stackTraceLimit = stand ? 0 : 10;
}

/** Replaces the globals once and for all: to do so for each flight would undo the compiler's work each time. */
function replace(): void {
  const { setImmediate, setInterval, setTimeout, clearInterval, clearTimeout } = globalThis;
  const { random } = Math;
  const now = performance.now.bind(performance);
  const timer =
    (real: typeof setInterval | typeof setTimeout) =>
    (...args: Parameters<typeof setTimeout>): NodeJS.Timeout => {
      const handle = real(...args);
      stand?.set(handle);
      return handle;
    };
  const clear =
    (real: typeof clearTimeout) =>
    (handle: NodeJS.Timeout | undefined): void => {
      stand?.cleared(handle);
      real(handle);
    };
  Object.assign(globalThis, {
    setImmediate: (callback: () => void, ...args: []) =>
      stand ? stand.immediate(callback) : setImmediate(callback, ...args),
    setInterval: timer(setInterval),
    setTimeout: timer(setTimeout),
    clearInterval: clear(clearInterval),
    clearTimeout: clear(clearTimeout),
  });
  Math.random = () => (stand ? stand.random() : random());
  performance.now = () => (stand ? stand.now() : now());
}
