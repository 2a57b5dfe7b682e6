import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFrom } from '@sputnikjs/testkit';
import { Parts } from '../dist/receive/parts.js';

test('a body is what its parts are together, whatever their sizes', () => {
  const random = randomFrom(11);
  for (let round = 0; round < 500; round++) {
    const parts = new Parts();
    const given: Buffer[] = [];
    for (let count = Math.floor(random() * 40); count > 0; count--) {
      const size = Math.floor(random() * (random() < 0.5 ? 10 : 4_000));
      const part = Buffer.alloc(size, Math.floor(random() * 256));
      given.push(part);
      parts.add(part);
    }
    assert.ok(parts.take().equals(Buffer.concat(given)));
    assert.equal(parts.take().length, 0);
  }
});
