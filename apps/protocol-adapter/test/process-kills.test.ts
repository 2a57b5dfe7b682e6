import { test } from 'node:test';
import { killProcesses } from './process-kills.js';

test('P7: each of three processes is killed and frozen, and their server killed, under load: nothing that was accepted is lost', (t) =>
  killProcesses(t, { rounds: 1 }));
