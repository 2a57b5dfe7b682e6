import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from '../dist/mailbox/ring.js';
import { randomFrom } from '@sputnikjs/testkit';

test('a ring gives back what was pushed, first in, first out, through growth and wrap-around', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed);
    const ring = new Ring<number, string>();
    const model: [number, string][] = [];
    for (let step = 0; step < 500; step++) {
      // Phases of growing and of shrinking, so that the head is anywhere when it grows.
      const grows = random() < (step % 100 < 50 ? 0.7 : 0.35);
      if (grows) {
        const entry: [number, string] = [step, `second ${step}`];
        model.push(entry);
        ring.push(...entry);
      } else if (model.length > 0) {
        assert.deepEqual([ring.first, ring.second], model.shift(), `seed ${seed}, step ${step}`);
        ring.advance();
      }
      assert.equal(ring.size, model.length);
    }
  }
});
