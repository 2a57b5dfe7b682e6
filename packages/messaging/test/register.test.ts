import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globalFactories } from '@sputnikjs/core';
import { bridgeBlock, consumerBlock, producerBlock, requesterBlock, responderBlock } from '@sputnikjs/messaging';

test('importing register puts the generic blocks into the global registry', async () => {
  assert.equal(Object.hasOwn(globalFactories(), 'producer'), false, 'importing the package alone does not');
  await import('@sputnikjs/messaging/register');
  assert.equal(globalFactories()['producer'], producerBlock);
  assert.equal(globalFactories()['consumer'], consumerBlock);
  assert.equal(globalFactories()['bridge'], bridgeBlock);
  assert.equal(globalFactories()['requester'], requesterBlock);
  assert.equal(globalFactories()['responder'], responderBlock);
});
