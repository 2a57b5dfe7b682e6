import { test } from 'node:test';
import { killInTheMiddle } from './resend.js';

test('a SIGKILL in the middle costs no message; some come twice, three times in 120,000', (t) =>
  killInTheMiddle(t, 120_000, [10, 40, 80]));
