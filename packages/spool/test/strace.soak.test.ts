import { test } from 'node:test';
import { assertSurvives } from './kept.js';

const CALLS = ['pwritev', 'pwrite64', 'fdatasync', 'fsync', 'rename', 'unlink'];
const FAULTS = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];
const TIMES = 8;

test(
  'D6: whatever system call fails, or is the last, all that was stored is on disk, at length',
  { concurrency: 2 },
  async (t) => {
    const trials = CALLS.flatMap((call) =>
      FAULTS.flatMap((fault) => Array.from({ length: TIMES }, (_, n) => assertSurvives(t, call, fault, `${n + 1}`))),
    );
    await Promise.all(trials);
  },
);
