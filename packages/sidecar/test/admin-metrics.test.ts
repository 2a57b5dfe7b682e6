import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { defineBlock } from '@sputnikjs/core';
import { formatFor, OPEN_METRICS, PROMETHEUS, type Family } from '../dist/admin/exposition.js';
import { METRICS } from '../dist/admin/metrics.js';
import { Watched } from './admin-helpers.js';
import { folder } from './helpers.js';

test('the metrics pass promtool, and OpenMetrics has what it asks for', async () => {
  const sink = defineBlock({ name: 'sink', make: () => ({ onMsg() {} }) });
  const source = defineBlock({
    name: 'source',
    needs: { sink: 'sink' },
    make: (_config, to) => ({ run: async () => void (await to.sink.ask({})) }),
  });
  const blocks = [{ name: 'sink' }, { name: 'source', responsibility: 'say "so"\\\n' }];
  const satellite = await Watched.start({ blocks, blockFactories: { sink, source } });
  await satellite.runner;
  const { text } = await satellite.get('/metrics');
  const { status, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.equal(error, undefined);
  assert.deepEqual([status, stderr], [0, '']);
  assert.ok(text.includes('{from="say \\"so\\"\\\\\\n",to="sink"} 1\n'), text);
  const open = await satellite.get('/metrics', {
    accept: 'application/openmetrics-text; version=1.0.0, text/plain;q=0.5',
  });
  assert.ok(open.text.endsWith('\n# EOF\n'));
  assert.match(open.text, /^# TYPE sputnik_messages counter$/m);
  assert.match(open.text, /^sputnik_messages_total\{/m);
});

test('the names of the metrics are those that docs/metrics.md lists', async () => {
  const text = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| `(sputnik_\w+)`/gm)].map(([, name]) => name);
  for (const { name } of METRICS) assert.ok(listed.includes(name), name);
});

test('the alerts are rules that promtool takes, about metrics that there are', async () => {
  const path = fileURLToPath(new URL('../../../docs/alerts.yaml', import.meta.url));
  const { status, stderr, error } = spawnSync('promtool', ['check', 'rules', path], { encoding: 'utf8' });
  assert.equal(error, undefined);
  assert.deepEqual([status, stderr], [0, '']);
  const used = new Set((await readFile(path, 'utf8')).match(/sputnik_[a-z0-9_]+/g));
  const listed = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const known = new Set([...listed.matchAll(/^\| `(sputnik_\w+)`/gm)].map(([, name]) => name));
  assert.ok(used.size >= 7);
  for (const name of used) assert.ok(known.has(name), name);
});

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

test('the dashboard asks for metrics that there are, in queries that promtool parses, and its panels have room', async () => {
  const text = await readFile(new URL('../../../docs/grafana.json', import.meta.url), 'utf8');
  const { panels, templating } = JSON.parse(text) as {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly name: string }[] };
  };
  const listed = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const known = new Set(listed.match(/(?<=`)sputnik_\w+(?=`)/g));
  const asked = text.match(/sputnik_\w+/g) ?? [];
  for (const name of asked) assert.ok(known.has(name.replace(/_bucket$/, '')), name);
  for (const name of text.matchAll(/\$\{?(?!__)(\w+)/g))
    assert.ok(
      templating.list.some((variable) => variable.name === name[1]),
      `the variable ${name[1]}`,
    );

  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(queries.length > 30);
  const rules = queries.map((expr, at) => ({
    record: `query:${at}`,
    expr: expr.replaceAll('$instance', '.+').replaceAll(/\$__(rate_interval|range)/g, '5m'),
  }));
  const path = join(await folder({ 'rules.json': { groups: [{ name: 'dashboard', rules }] } }), 'rules.json');
  const { status, stderr } = spawnSync('promtool', ['check', 'rules', path], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);

  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.equal(taken.get(`${x} ${y}`), undefined, `${title} stands on another`);
        taken.set(`${x} ${y}`, title);
      }
  }
});

test('counters end in _total, times are in seconds, sizes in bytes, and nothing else has such an end', () => {
  for (const { name, type } of METRICS) {
    assert.match(name, /^sputnik_[a-z][a-z0-9_]*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.doesNotMatch(name, /_(ms|milliseconds|kb|mb|percent)(_|$)/);
  }
  assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
});

test('which format is asked for is said by Accept', () => {
  assert.equal(formatFor(undefined), PROMETHEUS);
  assert.equal(formatFor('text/html'), PROMETHEUS);
  assert.equal(formatFor('application/openmetrics-text;version=1.0.0'), OPEN_METRICS);
});

test('a metric without values is left out, and numbers that are none are written as Prometheus has them', () => {
  const family = (values: readonly number[]): Family => ({
    name: 'x',
    help: 'back\\slash\nbreak',
    type: 'gauge',
    samples: values.map((value) => ({ labels: {}, value })),
  });
  assert.equal(PROMETHEUS.write([family([])]), '');
  assert.equal(
    PROMETHEUS.write([family([Infinity, -Infinity, NaN, 1.5])]),
    '# HELP x back\\\\slash\\nbreak\n# TYPE x gauge\nx +Inf\nx -Inf\nx NaN\nx 1.5\n',
  );
});
