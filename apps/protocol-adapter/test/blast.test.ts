import { test } from 'node:test';
import { landInTheMidst, outlastOutage } from './blast.js';

const LENGTH = { seconds: 4, awayMs: 2_000 };

test('SIGTERM in the midst of a blast into JetStream loses nothing that was read over TCP, within 200 MB', (t) =>
  landInTheMidst(t, LENGTH));

test('a JetStream server that is away for 2 s of a blast costs nothing that was sent over TCP, within 200 MB', (t) =>
  outlastOutage(t, LENGTH));
