import { test } from 'node:test';
import { killBeforeJetStream, killBeforeRedis } from './kills.js';

/** `KILLS=200` tries more. */
const trial = { kills: Number(process.env['KILLS'] ?? 20), everyServerKill: 5 };

test('D3: SIGKILL of a satellite with a spool costs nothing that was accepted, nor does that of JetStream in between, at length', (t) =>
  killBeforeJetStream(t, trial));

test('D3: SIGKILL of a satellite with a spool costs nothing that was accepted, nor does that of Redis in between, at length', (t) =>
  killBeforeRedis(t, trial));
