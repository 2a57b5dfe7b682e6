// The connector uses the Redis library beyond what it documents. This test says where the library is no longer as it needs it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import handlers from 'ioredis/built/DataHandler.js';
import '../dist/internals.js';

test('the library hands answers over by a method that can be replaced, and that knows its client', (t) => {
  const { default: DataHandler } = handlers as unknown as {
    readonly default: { readonly prototype: { readonly dispatch?: unknown } };
  };
  const what = 'the Redis library has changed inside: src/internals.ts of this connector needs DataHandler';
  assert.equal(typeof DataHandler.prototype.dispatch, 'function', `${what}.dispatch`);
  const redis = new Redis({ lazyConnect: true });
  t.after(() => redis.disconnect());
  const handler = Object.assign(Object.create(DataHandler.prototype) as object, { redis });
  let count = 0;
  (handler as unknown as { dispatch(work: () => void): void }).dispatch(() => count++);
  assert.equal(count, 1, 'clients that are not ours are as they were');
});
