import { test } from 'node:test';
import { killBeforeJetStream, killBeforeRedis } from './kills.js';

test('D3: SIGKILL of a satellite with a spool costs nothing that was accepted: JetStream has it once, exactly as it was sent', (t) =>
  killBeforeJetStream(t, { kills: 3 }));

test('D3: SIGKILL of a satellite with a spool costs nothing that was accepted: Redis has it exactly as it was sent, some of it twice', (t) =>
  killBeforeRedis(t, { kills: 3, everyServerKill: 2 }));
