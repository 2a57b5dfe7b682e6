import { test } from 'node:test';
import { killBeforeJetStream } from './kills.js';

test('D3: SIGKILL of a satellite with a spool costs nothing that was accepted: JetStream has it once, exactly as it was sent', (t) =>
  killBeforeJetStream(t, { kills: 3 }));
