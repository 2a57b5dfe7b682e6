import { test } from 'node:test';
import { kill } from './kills.js';

/** `KILLS=200` tries more. */
const kills = Number(process.env['KILLS'] ?? 20);

test('D3: SIGKILL of a satellite with a spool costs nothing that was accepted, nor does that of the server in between, at length', (t) =>
  kill(t, { kills, everyServerKill: 5 }));
