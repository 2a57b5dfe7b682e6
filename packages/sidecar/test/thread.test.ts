import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, type BlockCommunicator, type BlockFactory } from '@sputnikjs/core';
import { folder } from './helpers.js';
import { Nest } from './nested-helpers.js';

const INSIDE = `
import { defineBlock } from '@sputnikjs/core';
export const echo = defineBlock({ name: 'echo', make: () => ({ onMsg: (msg) => ({ got: msg }) }) });
`;

test('a satellite flies in a thread, is asked, and lands', async () => {
  let self: BlockCommunicator | undefined;
  const cf = await folder({ 'blocks.json': [{ name: 'echo', module: './inside.mjs' }], 'inside.mjs': INSIDE });
  const source: BlockFactory = defineBlock({ name: 'source', make: () => ({ run: (me) => void (self = me) }) });
  const nest = await Nest.fly({
    blocks: [{ satellite: 'in', folder: cf, place: 'thread' }, { name: 'source' }],
    blockFactories: { source },
  });
  const answer = await self?.communicator('in/echo')?.ask({ n: 1, bytes: Buffer.from('abc') });
  assert.deepEqual(answer, { got: { n: 1, bytes: Buffer.from('abc') } });
  const report = await nest.whole.shootDown('enough');
  assert.deepEqual(nest.of('initialized'), ['finisher', 'in/echo', 'in', 'source']);
  assert.deepEqual(report.clean, true);
});
