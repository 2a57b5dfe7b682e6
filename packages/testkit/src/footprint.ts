import { setTimeout as realTime } from 'node:timers/promises';

const LOOK_MS = 5;
/** What was closed may take so many looks to be gone: a second. */
const LOOKS = 200;

/** What keeps the process alive at this instant, and what listens to it, by kind. */
export async function footprint(): Promise<readonly string[]> {
  await realTime(LOOK_MS);
  const listeners = process
    .eventNames()
    .flatMap((name) => process.listeners(name as NodeJS.Signals).map(() => `process.on('${String(name)}')`));
  return [...process.getActiveResourcesInfo(), ...listeners];
}

/** What is there now and was not `before`. Waits a while for it to go. */
export async function leftBehind(before: readonly string[]): Promise<readonly string[]> {
  for (let look = 1; ; look++) {
    const left = [...(await footprint())];
    for (const known of before) {
      const at = left.indexOf(known);
      if (at >= 0) left.splice(at, 1);
    }
    if (left.length === 0 || look === LOOKS) return left;
  }
}
