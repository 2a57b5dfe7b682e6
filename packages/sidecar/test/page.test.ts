import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineBlock, type Metric } from '@sputnikjs/core';
import { freePort } from '@sputnikjs/testkit/servers';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { Watched } from './admin-helpers.js';
import { fits, looking, node, pale, picture, says } from './browser.js';
import { Cli, folder } from './helpers.js';
import { scene } from './page-scenes.js';

/** The page must weigh less, uncompressed. */
const MOST_BYTES = 60_000;

test('the page says and shows whether a satellite starts, flies, is overloaded, loses its server or messages, lands', async (t) => {
  const { url, weather, server, runner, rain } = await scene(t);
  const views = [{ isRefused: true }, { scheme: 'dark', isRefused: true }, { width: 390, isRefused: true }] as const;
  await looking(url, views, async (page, ...others) => {
    const show = async (word: string, name: string): Promise<void> => {
      for (const each of [page, ...others]) {
        await says(each, word);
        assert.deepEqual(await pale(each), [], name);
      }
      // rates are steady, and traces can be seen, after some seconds
      if (process.env['SCREENSHOTS'] !== undefined) await page.waitForTimeout(6_000);
      await picture(page, name, name === 'ended' ? 'other' : 'document');
      const [dark, small] = others;
      for (const [kind, other] of Object.entries({ dark, small })) {
        if (other === undefined) continue;
        await picture(other, `${name}-${kind}`);
        assert.ok(await fits(other), `${name}-${kind} is too wide`);
      }
    };
    const sentence = page.locator('#sentence');

    await says(page, 'Starting');
    await sentence.filter({ hasText: 'initialises enrich' }).waitFor();
    await node(page, 'enrich').filter({ hasText: 'starts …' }).waitFor();
    await node(page, 'httpgateway').filter({ hasText: 'not started' }).waitFor();
    await node(page, 'server').filter({ hasText: 'not connected yet' }).waitFor();
    await show('Starting', 'starting');

    weather.start.open();
    const flight = await runner;
    rain(100);
    await says(page, 'Flying');
    await sentence.filter({ hasText: 'Server connected for' }).waitFor();
    await sentence.filter({ hasText: /0\slost\./ }).waitFor();
    await node(page, 'syslogproducer')
      .filter({ hasText: /sends to enrich, [1-9]/ })
      .waitFor();
    await node(page, 'producer')
      .filter({ hasText: /sends to server, [1-9]/ })
      .waitFor();
    await node(page, 'outside')
      .filter({ hasText: /^outsidetcp \d+ · 127\.0\.0\.1udp \d+/ })
      .waitFor();
    await page.getByRole('cell', { name: 'connected', exact: true }).waitFor();
    await show('Flying', 'flying');

    weather.enrichMs = 25;
    await says(page, 'Overloaded');
    await sentence.filter({ hasText: 'enrich is the bottleneck' }).waitFor();
    await node(page, 'enrich').filter({ hasText: 'bottleneck' }).waitFor();
    await show('Overloaded', 'overloaded');

    weather.enrichMs = 0;
    await says(page, 'Flying');
    await server.stop();
    await says(page, 'Server away');
    await sentence.filter({ hasText: /ECONNREFUSED .* wait for it\./ }).waitFor();
    await node(page, 'server').filter({ hasText: 'away' }).waitFor();
    await page
      .getByRole('region', { name: /^History/ })
      .getByRole('row', { name: /lost the connection/ })
      .waitFor();
    await show('Server away', 'away');

    await server.start();
    await says(page, 'Flying');
    weather.auditFails = 'ENOSPC: no space left on device, write';
    await says(page, 'Messages lost');
    await node(page, 'audit')
      .filter({ hasText: /[1-9]\d* lost/ })
      .waitFor();
    await page.getByRole('row', { name: /^audit failed [\d,]+ audit failed in onMsg: ENOSPC/ }).waitFor();
    await page
      .getByRole('row', { name: /error audit failed audit failed in onMsg: ENOSPC/ })
      .first()
      .waitFor();
    await show('Messages lost', 'lost');

    void flight.stop('a new version');
    await says(page, 'Landing');
    await sentence.filter({ hasText: 'a new version' }).waitFor();
    await node(page, 'syslogreceiver').filter({ hasText: 'finished' }).waitFor();
    await node(page, 'enrich').filter({ hasText: 'finishes …' }).waitFor();
    await page.getByRole('region', { name: 'Landing' }).getByText('goes on').waitFor();
    await show('Landing', 'landing');

    weather.finish.open();
    await sentence.filter({ hasText: /^It has landed after a new version in \d+ ms, not clean/ }).waitFor();
    await show('Ended', 'ended');
  });
});

test('nothing moves while numbers change', async (t) => {
  const { url, weather, runner, rain } = await scene(t);
  weather.start.open();
  weather.finish.open();
  await runner;
  rain(400);
  await looking(url, [{}, { width: 390 }], async (...pages) => {
    for (const page of pages) await says(page, 'Flying');
    // what was there when the page came is drawn by now
    for (const page of pages) await page.getByRole('row', { name: /^producer/ }).waitFor();
    await Promise.all(pages.map(watchShifts));
    const before = await Promise.all(pages.map((page) => page.locator('#facts').textContent()));
    for (const ms of [2, 0, 3]) {
      weather.enrichMs = ms;
      await pages[0].waitForTimeout(700);
    }
    for (const [at, page] of pages.entries()) {
      assert.notEqual(await page.locator('#facts').textContent(), before[at]);
      assert.deepEqual(await page.evaluate('shifts'), []);
    }
  });
});

/** Notes what moves from now on. */
async function watchShifts(page: Page): Promise<void> {
  await page.evaluate(`
    globalThis.shifts = [];
    const note = ({ sources }) => shifts.push(sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 200)));
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type: 'layout-shift' });
  `);
}

test('three hundred blocks are a grid that can be filtered', async () => {
  const names = Array.from({ length: 300 }, (_, n) => `block-${String(n).padStart(3, '0')}`);
  const plain = defineBlock({
    name: 'plain',
    make: (_config, _to, { descriptor }) => ({
      onMsg() {
        if (descriptor.responsibility === 'block-123') throw new Error('it is full');
      },
      onError: () => 'continue' as const,
      async run(self, { clock, signal }) {
        const next = names[names.indexOf(descriptor.responsibility) - 1];
        for await (const _ of clock.every(500, signal)) if (next !== undefined) self.communicator(next)?.send({});
      },
    }),
  });
  const blocks = names.map((responsibility) => ({ name: 'plain', responsibility }));
  const { url } = await Watched.start({ blocks, blockFactories: { plain } });
  await looking(`${url}/`, [{}], async (page) => {
    const items = page.getByRole('region', { name: 'Flow of messages' }).getByRole('listitem');
    await says(page, 'Messages lost');
    assert.equal(await items.count(), 300);
    await page.getByLabel('Filter by name').fill('BLOCK-12');
    await page.getByText('10 of 300 blocks').waitFor();
    assert.equal(await items.count(), 10);
    await page.getByLabel('only with trouble').check();
    await page.getByText('1 of 300 blocks').waitFor();
    await node(page, 'block-123')
      .filter({ hasText: /\d+ lost/ })
      .waitFor();
    await page.getByRole('link', { name: 'block-123' }).click();
    await page.getByRole('row', { name: /^block-123 \(plain\) running/ }).waitFor();
    await page.getByLabel('only with trouble').uncheck();
    await page.getByLabel('Filter by name').fill('');
    await page.getByText('300 of 300 blocks').waitFor();
    await page.evaluate('scrollTo(0, 0)');
    await picture(page, 'many');
    await page.setViewportSize({ width: 390, height: 844 });
    assert.ok(await fits(page));
    await picture(page, 'many-small');
  });
});

test('blocks that send to each other have an arrow each way', async () => {
  const talker = (name: string, other: string): ReturnType<typeof defineBlock> =>
    defineBlock({
      name,
      needs: { other },
      make: (_config, to, { clock, signal }) => ({
        onMsg() {},
        async run() {
          for await (const _ of clock.every(50, signal)) to.other.send({});
        },
      }),
    });
  const blockFactories = {
    ping: talker('ping', 'pong'),
    pong: talker('pong', 'ping'),
    alone: defineBlock({ name: 'alone', make: () => ({}) }),
  };
  const { url } = await Watched.start({
    blocks: [{ name: 'ping' }, { name: 'pong' }, { name: 'alone' }],
    blockFactories,
  });
  await looking(`${url}/`, [{}, { width: 390 }], async (...pages) => {
    for (const page of pages) {
      await node(page, 'ping')
        .filter({ hasText: /sends to pong, [1-9]/ })
        .waitFor();
      await node(page, 'pong')
        .filter({ hasText: /sends to ping, [1-9]/ })
        .waitFor();
      assert.equal(await page.locator('.arrows .flowing path').count(), 4);
      assert.equal(await page.locator('.arrows path[d*=NaN], .arrows text[x*=undefined]').count(), 0);
    }
    await picture(pages[0], 'circle');
  });
});

test('the configuration in force is a table for each part of the satellite, without its secrets', async () => {
  const greeter = defineBlock({
    name: 'greeter',
    config: z.strictObject({ greeting: z.string(), password: z.string(), times: z.int().default(3) }),
    make: () => ({}),
  });
  const configs = { greeter: { greeting: 'beep', password: 'hunter2' } };
  const { url } = await Watched.start({ blocks: [{ name: 'greeter' }], configs, blockFactories: { greeter } });
  await looking(`${url}/`, [{ width: 390 }], async (page) => {
    const section = page.getByRole('region', { name: 'Configuration in force', exact: true });
    await section.getByText('greeter', { exact: true }).click();
    await section.getByRole('row', { name: 'greeting beep code' }).waitFor();
    await section.getByRole('row', { name: 'password *** code' }).waitFor();
    await section.getByRole('row', { name: 'times 3 default' }).waitFor();
    assert.ok(await fits(page));
    await picture(page, 'configuration-small');
  });
});

test('what blocks measure themselves is a table', async () => {
  const metrics = (): readonly Metric[] => [
    { name: 'kept_messages', type: 'gauge', help: 'Messages on disk.', value: 12_345 },
    { name: 'dropped_total', type: 'loss', help: 'Dropped.', value: 2, labels: { listener: 'udp' } },
  ];
  const keeper = defineBlock({ name: 'keeper', make: () => ({ metrics }) });
  const { url } = await Watched.start({ blocks: [{ name: 'keeper' }], blockFactories: { keeper } });
  await looking(`${url}/`, [{ width: 390 }], async (page) => {
    const section = page.getByRole('region', { name: 'Measured by the blocks', exact: true });
    await section.getByText('Measured by the blocks').click();
    await section.getByRole('row', { name: 'keeper Messages on disk. 12,345' }).waitFor();
    await section.getByRole('row', { name: 'keeper udp Dropped. 2' }).waitFor();
    assert.ok(await fits(page));
  });
});

test('without a token the page asks for it, and keeps it for the tab', async (t) => {
  const at = await mkdtemp(join(tmpdir(), 'page-'));
  t.after(() => rm(at, { recursive: true }));
  const tokenFile = join(at, 'token');
  await writeFile(tokenFile, 'open-sesame\n');
  const { url } = await Watched.start({ blocks: [] }, { host: '0.0.0.0', tokenFile });
  await looking(`${url}/`, [{ isRefused: true }], async (page) => {
    await says(page, 'Locked');
    assert.equal(await page.evaluate('document.activeElement.id'), 'token');
    await picture(page, 'locked');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'the token is wrong' }).waitFor();
    await page.keyboard.type('open-sesame');
    await page.keyboard.press('Enter');
    await says(page, 'Flying');
    await page.getByRole('heading', { name: 'Flow of messages' }).waitFor();
    await page.reload();
    await says(page, 'Flying');
  });
});

test('the page says since when a satellite has not answered, and when it does again', async () => {
  const port = await freePort();
  const cf = await folder({ 'blocks.json': [], 'sputnik.json': { name: 'field-7', admin: { port } } });
  const cli = new Cli(['run', '--cf', cf]);
  await cli.event('launched');
  await looking(`http://127.0.0.1:${port}/`, [{ isRefused: true }], async (page) => {
    await says(page, 'Flying');
    cli.child.kill('SIGSTOP');
    await says(page, 'No answer');
    await page.getByText(/^No answer since \d\d:\d\d:\d\d$/).waitFor();
    await page.getByText(/^It has not answered for .* Before: Flying/).waitFor();
    await picture(page, 'no-answer');
    cli.child.kill('SIGCONT');
    await says(page, 'Flying');
    await page.getByText(/^Live, \d\d:\d\d:\d\d$/).waitFor();
  });
});

test('what comes from outside is text on the page, whatever it looks like', async () => {
  const markup = '<img src="x" onerror="alert(1)"><script>alert(2)</script>';
  const hostile = defineBlock({
    name: 'hostile',
    make: () => ({
      onMsg() {
        throw new Error(markup);
      },
      onError: () => 'continue' as const,
      run: (self) => void self.communicator(markup)?.send({}),
    }),
  });
  const blocks = [{ name: 'hostile', responsibility: markup }];
  const { url } = await Watched.start({ blocks, blockFactories: { hostile } }, {}, { name: markup });
  await looking(`${url}/`, [{}, { width: 390 }], async (...pages) => {
    for (const page of pages) {
      await page.getByRole('row', { name: markup }).first().waitFor();
      assert.equal(await page.locator('img, script:not([src])').count(), 0);
      assert.ok(await fits(page));
    }
  });
});

test('the page is light, comes from the satellite alone, and everything on it is reached by the keyboard', async () => {
  const sink = defineBlock({ name: 'sink', make: () => ({ onMsg() {} }) });
  const source = defineBlock({ name: 'source', needs: { sink: 'sink' }, make: () => ({}) });
  const blocks = [{ name: 'sink' }, { name: 'source' }];
  const { url } = await Watched.start({ blocks, blockFactories: { sink, source } });
  await looking(`${url}/`, [{}], async (page) => {
    await says(page, 'Flying');
    const files = await page.evaluate<{ name: string; decodedBodySize: number }[]>(
      `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => entry.toJSON())`,
    );
    const own = files.filter(({ name }) => !/\/(status|config|events)$/.test(name));
    assert.ok(own.length > 10 && own.every(({ name }) => name.startsWith(url)), own.map(({ name }) => name).join());
    const bytes = own.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0);
    assert.ok(bytes < MOST_BYTES, `the page has ${bytes} bytes`);

    const reached: string[] = [];
    for (let n = 0; n < 5; n++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate<string>(`{
          const { activeElement: focused } = document;
          focused.ariaLabel ?? focused.querySelector('.name')?.textContent ?? focused.textContent;
        }`),
      );
    }
    assert.deepEqual(reached, [
      'Skip to the flow of messages',
      'source',
      'sink',
      'Blocks',
      'All blocks, in the order in which they start',
    ]);
    const landmarks = ['banner', 'main', 'contentinfo'] as const;
    for (const landmark of landmarks) assert.equal(await page.getByRole(landmark).count(), 1);
    assert.deepEqual(await page.getByRole('heading').allTextContents(), [
      `satellite mission control`,
      'Flow of messages',
      'Server connection',
      'Lost messages',
      'Warnings and errors',
      'Blocks',
      'Configuration in force',
      'sputnik',
    ]);
  });
});
