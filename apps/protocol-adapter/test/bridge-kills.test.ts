import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAround, toNats, toRabbitmq } from './bridge-kills.js';

const TRIAL = { messages: 3_000, rounds: 1, underWay: 8 };

test('SIGKILL of either server, or of the satellite, costs no message on its way from Redis to RabbitMQ', (t) =>
  killAround(t, toRabbitmq, TRIAL).then(() => {}));

test('nor on its way from Redis to NATS, where none is there twice', async (t) => {
  assert.equal((await killAround(t, toNats, TRIAL)).duplicates, 0);
});
