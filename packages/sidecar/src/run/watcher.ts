// The thread that watches the loop of the main one: see watch.ts, which starts it.
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';
import { COUNT, STUCK_MS, type Beats } from './beats.js';
import { onceInThread } from './thread-signals.js';

const STDERR = 2;
/** How long the main thread may take to end the process, in milliseconds. */
const END_MS = 2_000;

function watch({ mostMs, beatMs, errorPrefix, shared }: Beats): void {
  let isWatching = false;
  const begin = (): void => {
    if (isWatching) return;
    isWatching = true;
    let [beats, stuckMs, at] = [Atomics.load(shared, COUNT), 0, performance.now()];
    const timer = setInterval(() => {
      const now = performance.now();
      // not more than we saw ourselves: a process that was stopped is not stuck
      const more = Math.min(now - at, 2 * beatMs);
      at = now;
      const beatsNow = Atomics.load(shared, COUNT);
      // guard: a loop that goes on is let be
      stuckMs = beatsNow === beats ? stuckMs + more : 0;
      beats = beatsNow;
      if (stuckMs < mostMs) return;
      clearInterval(timer);
      Atomics.store(shared, STUCK_MS, Math.round(stuckMs));
      // guard: a loop that is stuck ends the process
      endProcess(stuckMs, errorPrefix);
    }, beatMs);
  };
  parentPort?.on('message', begin);
  try {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) onceInThread(signal, begin);
  } catch (error) {
    parentPort?.postMessage(error);
  }
}

/** Makes the main thread end the process, from inside its loop: it knows how many messages it holds. Kills the process if it is stuck outside of JavaScript. */
function endProcess(stuckMs: number, prefix: string): void {
  setTimeout(() => {
    const text = `sputnik: the event loop has been stuck for ${Math.round(stuckMs / 1000)} s in a call that cannot be interrupted: the process is killed; the messages that it held are lost`;
    writeSync(STDERR, `${prefix}${text}\n`);
    process.kill(process.pid, 'SIGKILL');
  }, END_MS);
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.evaluate', { expression: 'process.exit(1)' });
  // at its end the main thread would wait for us
  session.disconnect();
}

watch(workerData as Beats);
