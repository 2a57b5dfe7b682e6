import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineBlock, SputnikError } from '@sputnikjs/core';
import { folder } from './helpers.js';
import { Nest } from './nested-helpers.js';
import { satellite, SERVER } from './place-fixtures.js';
import { failure, Outside, until } from './place-helpers.js';

const SOON = { most: 5, withinMs: 60_000 };

for (const place of ['here', 'thread'] as const) {
  test(`${place}: a nested satellite is initialised at its place, and lands at its place`, async () => {
    const outside = new Outside();
    const cf = await satellite(['quiet', { name: 'quiet', responsibility: 'other' }]);
    const nest = await outside.fly({
      blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place }, { name: 'store' }],
    });
    assert.deepEqual(
      nest.whole.status().blocks.map(({ responsibility }) => responsibility),
      ['finisher', 'record', 'in/quiet', 'in/other', 'store'],
    );
    const report = await nest.whole.shootDown('enough');
    assert.deepEqual(nest.of('initialized'), ['finisher', 'record', 'in/quiet', 'in/other', 'in', 'store']);
    assert.deepEqual(nest.of('finished'), ['store', 'in/other', 'in/quiet', 'in', 'record', 'finisher']);
    assert.deepEqual([report.clean, report.cause.reason], [true, 'enough']);
  });

  test(`${place}: messages go in and out and between satellites, and what is sent back reaches who sent`, async () => {
    const outside = new Outside();
    const one = await satellite([{ name: 'note', responsibility: 'own' }, 'sender'], {
      'sender.json': { to: 'two/note' },
    });
    const two = await satellite(
      ['note', { name: 'sender', responsibility: 'across' }, { name: 'sender', responsibility: 'up' }],
      { 'across.json': { to: 'one/own' }, 'up.json': { to: '../plain' } },
    );
    const plain = defineBlock({
      name: 'plain',
      make: () => ({
        onMsg(msg, from) {
          outside.got.push(`plain ${String(msg['text'])} of ${from.descriptor.responsibility}`);
          from.send({ text: 'pong' });
          return 'plain';
        },
      }),
    });
    const nest = await Nest.fly({
      blocks: [
        { name: 'record' },
        { name: 'plain' },
        { satellite: 'one', folder: one, place },
        { satellite: 'two', folder: two, place },
        { name: 'source' },
      ],
      blockFactories: { ...outside.blockFactories, plain },
    });
    await until(() => outside.self !== undefined, 'the source');
    assert.equal(await outside.to('two/note').ask({ text: 'ping' }), 'note');
    await until(() => outside.got.length === 11, 'all messages');
    assert.deepEqual(
      outside.got.map(String).toSorted(),
      [
        'across asked own',
        'across pong of ../one/own',
        'note ping of ../one/sender',
        'note ping of ../source',
        'own ping of ../two/across',
        'plain ping of two/up',
        'sender asked note',
        'sender pong of ../two/note',
        'source pong of two/note',
        'up asked plain',
        'up pong of ../plain',
      ].toSorted(),
    );
    assert.equal((await nest.whole.shootDown()).clean, true);
  });

  test(`${place}: what was accepted anywhere is delivered at a landing, to and fro between the levels`, async () => {
    const outside = new Outside();
    const cf = await satellite(['relay', 'blaster']);
    const nest = await outside.fly({
      blocks: [{ name: 'store' }, { satellite: 'in', folder: cf, place }, { name: 'source' }],
    });
    const numbers = Array.from({ length: 1000 }, (_, n) => n);
    for (const n of numbers) assert.equal(outside.to('in/relay').send({ n }), true);
    const report = await nest.whole.shootDown();
    const ofInside = Array.from({ length: 3000 }, (_, n) => `in ${n}`);
    assert.deepEqual(
      outside.got.filter((one) => typeof one === 'number'),
      numbers,
    );
    assert.deepEqual(
      outside.got.filter((one) => typeof one === 'string'),
      ofInside,
    );
    assert.equal(report.clean, true);
    const counts = { accepted: 1000, handled: 1000, failed: 0, dropped: 0, depth: 0 };
    assert.deepEqual(nest.status('in/relay'), counts);
  });

  test(`${place}: what a landing finds on its way reaches blocks outside, also those that are finished before`, async () => {
    const outside = new Outside();
    const cf = await satellite(['relay', 'blaster']);
    const nest = await outside.fly({
      blocks: [{ satellite: 'in', folder: cf, place }, { name: 'store' }, { name: 'source' }],
    });
    const numbers = Array.from({ length: 1000 }, (_, n) => n);
    for (const n of numbers) assert.equal(outside.to('in/relay').send({ n }), true);
    const report = await nest.whole.shootDown();
    const ofInside = Array.from({ length: 3000 }, (_, n) => `in ${n}`);
    assert.deepEqual(
      outside.got.filter((one) => typeof one === 'number'),
      numbers,
    );
    assert.deepEqual(
      outside.got.filter((one) => typeof one === 'string'),
      ofInside,
    );
    assert.equal(report.clean, true);
    const counts = { accepted: 1000, handled: 1000, failed: 0, dropped: 0, depth: 0 };
    assert.deepEqual(nest.status('in/relay'), counts);
  });

  test(`${place}: a landing waits for what is under way inside before it finishes anybody, and what that sends arrives`, async () => {
    const outside = new Outside();
    const cf = await satellite(['late']);
    const nest = await outside.fly({ blocks: [{ satellite: 'in', folder: cf, place }, { name: 'store' }] });
    const report = await nest.whole.shootDown();
    assert.deepEqual(outside.got, [1]);
    assert.equal(report.clean, true);
  });

  test(`${place}: a block inside that asks to land lands the whole, and the cause names it`, async () => {
    const outside = new Outside();
    const inner = await satellite(['lander']);
    const cf = await satellite([{ satellite: 'in', folder: inner }]);
    const nest = await outside.fly({
      blocks: [{ name: 'record' }, { satellite: 'out', folder: cf, place }, { name: 'store' }],
    });
    const { cause, clean } = await nest.launched;
    assert.deepEqual(
      [cause.kind, cause.block?.responsibility, cause.reason, clean],
      ['block', 'out/in/lander', 'done', true],
    );
    assert.deepEqual(nest.of('finished'), ['store', 'out/in/lander', 'out/in', 'out', 'record', 'finisher']);
  });

  test(`${place}: a failure inside lands the whole; the report has it once, with the path`, async () => {
    const outside = new Outside();
    const file = join(await folder({}), 'count');
    const cf = await satellite(['fails'], { 'fails.json': { file, fails: 1 } });
    const nest = await outside.fly({ blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place }] });
    const { code, report } = await failure(nest.launched);
    assert.equal(code, 'BLOCK_FAILED');
    assert.deepEqual([report?.cause.block?.responsibility, report?.clean], ['in/fails', false]);
    assert.match(String(report?.cause.reason), /boom 1/);
    assert.deepEqual(
      report?.failures.map(({ block, callback, error, count }) => [
        block.responsibility,
        callback,
        String(error),
        count,
      ]),
      [['in/fails', 'run', 'Error: boom 1', 1]],
    );
  });

  test(`${place}: an init that fails inside takes back what was done, at all levels`, async () => {
    const outside = new Outside();
    const cf = await satellite(['quiet', 'initfails']);
    const nest = await Nest.assemble({
      blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place }],
      blockFactories: outside.blockFactories,
    });
    const error = await failure(nest.whole.boot());
    assert.equal(error.code, 'INIT_FAILED');
    assert.match(error.message, /in \(satellite\), init: block initfails, init: boom/);
    assert.equal(((error.cause as Error).cause as NodeJS.ErrnoException).code, 'EBOOM');
    assert.deepEqual(nest.of('finished'), ['in/quiet', 'record', 'finisher']);
  });

  test(`${place}: a satellite that fails restarts; what is sent meanwhile waits, and is passed on in order`, async () => {
    const outside = new Outside();
    const file = join(await folder({}), 'count');
    const cf = await satellite(['obeys'], { 'obeys.json': { file } });
    const nest = await outside.fly({
      blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place, restart: SOON }, { name: 'source' }],
    });
    const to = outside.to('in/obeys');
    for (const n of [1, 'fail', 2]) assert.equal(to.send({ n }), true);
    await until(() => nest.of('failed').length > 0, 'the failure');
    for (const n of [3, 4]) assert.equal(to.send({ n }), true);
    const asked = to.ask({ n: 5 });
    assert.equal(await to.post({ n: 6 }), true);
    assert.equal(await asked, 2);
    to.send({ n: 7 });
    await until(() => outside.got.length === 7, 'all messages');
    assert.deepEqual(outside.got, ['1 1', '1 2', '2 3', '2 4', '2 5', '2 6', '2 7']);
    assert.equal(nest.whole.nested()[0]?.restarted, 1);
    assert.equal(nest.whole.status().state, 'flying');
    const report = await nest.whole.shootDown();
    assert.deepEqual(nest.status('in/obeys'), { accepted: 8, handled: 7, failed: 1, dropped: 0, depth: 0 });
    assert.deepEqual(
      report.failures.map(({ block, callback, count }) => [block.responsibility, callback, count]),
      [['in/obeys', 'onMsg', 1]],
    );
    assert.deepEqual(report.dropped, []);
  });

  test(`${place}: one that fails too often lands the whole, with all failures`, async () => {
    const outside = new Outside();
    const file = join(await folder({}), 'count');
    const cf = await satellite(['fails'], { 'fails.json': { file, fails: 9 } });
    const nest = await outside.fly({
      blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place, restart: { most: 2, withinMs: 600_000 } }],
    });
    const error = await failure(nest.launched);
    assert.match(error.message, /more than 2 times within 600000 ms.*1\. .*boom 1; 2\. .*boom 2; 3\. .*boom 3/);
    assert.deepEqual([readFileSync(file, 'utf8').length, error.report?.clean], [3, false]);
  });

  test(`${place}: a landing while a satellite restarts waits for no restart; what waits is dropped, and in the report`, async () => {
    const outside = new Outside();
    const file = join(await folder({}), 'count');
    const cf = await satellite(['fails'], { 'fails.json': { file, fails: 9 } });
    const nest = await outside.fly({
      // so many failures are there at once that the next delay is long
      blocks: [{ satellite: 'in', folder: cf, place, restart: { most: 50, withinMs: 1e9 } }, { name: 'source' }],
    });
    const count = (): number => nest.of('failed').length;
    await until(() => count() === 4 && nest.whole.nested()[0]?.restarted === 3, 'four failures');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const to = outside.to('in/fails');
    for (const n of [1, 2, 3]) assert.equal(to.send({ n }), true);
    const asked = failure(to.ask({ n: 4 }));
    const report = await nest.whole.shootDown();
    assert.deepEqual(report.dropped, [{ block: { name: 'fails', responsibility: 'in/fails' }, count: 3 }]);
    assert.equal((await asked).code, 'ASK_FAILED', 'who asked knows');
    assert.deepEqual([readFileSync(file, 'utf8').length, report.clean], [4, false]);
  });

  test(`${place}: with a server of its own, it hears of that`, async () => {
    const outside = new Outside();
    const cf = await satellite(['hears'], {
      'connector.json': { module: './server.mjs', called: 'inner' },
      'server.mjs': SERVER,
    });
    const nest = await outside.fly({ blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place }] });
    await until(() => outside.got.length === 1, 'the connection');
    assert.deepEqual(outside.got, ['has inner']);
    await until(() => nest.whole.nested()[0]?.connection === 'connected', 'the state of the connection');
    assert.equal((await nest.whole.shootDown()).clean, true);
  });

  test(`${place}: an error keeps its code, its text and its causes on the way to who asked`, async () => {
    const outside = new Outside();
    const file = join(await folder({}), 'count');
    const cf = await satellite(['obeys'], { 'obeys.json': { file } });
    const nest = await outside.fly({
      blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place }, { name: 'source' }],
    });
    const error = await failure(outside.to('in/obeys').ask({ n: 'refuse' }));
    const cause = error.cause as SputnikError;
    const first = cause.cause as NodeJS.ErrnoException & { readonly status: number };
    assert.ok(cause instanceof SputnikError);
    assert.deepEqual(
      [error.code, cause.code, cause.message, first.code, first.message, first.status],
      ['ASK_FAILED', 'SERVER_REFUSED', 'no such stream', 'E503', '503', 503],
    );
    assert.equal((await nest.whole.shootDown()).clean, true);
  });
}
