import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAround } from './bridge-kills.js';
import { mqttToNats, redisToNats } from './bridge-ways.js';

const TRIAL = { messages: 3_000, rounds: 1, underWay: 20 };

test('SIGKILL of either server, or of the satellite, costs no message on its way from Redis to NATS, and none is there twice', async (t) => {
  assert.deepEqual(await killAround(t, redisToNats, TRIAL), { duplicates: 0, late: 0 });
});

test('SIGKILL of NATS, or of the satellite, costs no message on its way from MQTT to NATS', async (t) => {
  assert.equal((await killAround(t, mqttToNats, TRIAL)).late, 0);
});
