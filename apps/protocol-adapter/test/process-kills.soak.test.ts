import { test } from 'node:test';
import { killProcesses } from './process-kills.js';

/** `ROUNDS=50` tries more. */
const rounds = Number(process.env['ROUNDS'] ?? 6);

test('P7: each of three processes is killed and frozen, and their server killed, under load: nothing that was accepted is lost, at length', (t) =>
  killProcesses(t, { rounds }));
