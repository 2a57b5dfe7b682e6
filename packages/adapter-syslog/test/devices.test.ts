// What rsyslogd and syslog-ng, of Debian, and we read in the same octets. Each difference is of a kind, and has a row in docs/syslog.md.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { present, rsyslogd, shortTime, syslogNg, type Reading } from './daemons.js';
import { DEVICES } from './devices.js';
import { WHYS } from './differences.js';
import type { Parts } from './parsing.js';
import { Collector, fly } from './support.js';

const DOCS = fileURLToPath(new URL('../../../docs/syslog.md', import.meta.url));
const lines = Object.values(DEVICES).flat();

/** What we read: the satellite, by UDP as the daemons do. */
async function ours(t: Parameters<typeof fly>[0]): Promise<ReadonlyMap<string, Reading>> {
  const collector = new Collector<SyslogMessage>();
  const { port } = await fly(t, collector, 'syslogproducer', { receiver: { timeZone: 'UTC' } });
  const socket = createSocket('udp4');
  t.after(() => void socket.close());
  const readings = new Map<string, Reading>();
  for (const line of lines) {
    await new Promise((resolve) => socket.send(line, port, '127.0.0.1', resolve));
    const messages = await collector.first(readings.size + 1);
    readings.set(line, readingOf(messages.at(-1) as SyslogMessage & Parts));
  }
  return readings;
}

function readingOf(message: SyslogMessage & Parts): Reading {
  const { priority, timestamp, hostname, tag, app_name, proc_id, content, message: text, data } = message;
  return present({
    priority,
    time: timestamp === undefined ? undefined : shortTime(timestamp),
    host: hostname,
    tag: tag ?? app_name,
    pid: proc_id,
    text: content ?? text ?? data,
  });
}

const KEYS = ['priority', 'time', 'host', 'tag', 'pid', 'text'] as const;

function differing(theirs: Reading, own: Reading): readonly (keyof Reading)[] {
  return KEYS.filter((key) => theirs[key] !== own[key]);
}

/** Parts of a reading, in short. */
function told(reading: Reading, keys: readonly (keyof Reading)[]): string {
  const parts = keys.map((key) =>
    reading[key] === undefined ? `no ${key}` : `${key} ${quoted(String(reading[key]), 24)}`,
  );
  return parts.join(', ');
}

/** As code of Markdown in a table. */
function quoted(text: string, longest: number): string {
  const whole = text.replaceAll('\t', '\\t').replaceAll('\uFEFF', '\\uFEFF');
  const short = whole.length > longest ? `${whole.slice(0, longest)}…` : whole;
  return `\`${short.replaceAll('|', '\\|')}\``;
}

const HEAD = '| input | rsyslog | syslog-ng | ours | why |\n| --- | --- | --- | --- | --- |\n';

test('what rsyslogd and syslog-ng read in another way is in the table of docs/syslog.md, each line with the reason', async (t) => {
  const [rsyslog, syslogNgs, own] = [await rsyslogd(t, lines), await syslogNg(t, lines), await ours(t)];
  const used = new Set<RegExp>();
  const rows = lines.flatMap((line) => {
    const [theirs, others, reading] = [rsyslog.get(line) ?? {}, syslogNgs.get(line) ?? {}, own.get(line) ?? {}];
    const parts = KEYS.filter((key) => [theirs, others].some((one) => differing(one, reading).includes(key)));
    if (parts.length === 0) return [];
    const [pattern, why] = WHYS.find(([pattern]) => pattern.test(line)) ?? [];
    assert.ok(
      pattern,
      `nobody says why: ${line}\n${told(theirs, parts)}\n${told(others, parts)}\n${told(reading, parts)}`,
    );
    used.add(pattern);
    const cell = (one: Reading): string => told(one, differing(one, reading)) || 'as ours';
    return `| ${quoted(line, 64)} | ${cell(theirs)} | ${cell(others)} | ${told(reading, parts)} | ${why} |\n`;
  });
  const unused = WHYS.filter(([pattern]) => !used.has(pattern)).map(([, why]) => why);
  assert.deepEqual(unused, [], 'reasons that no line needs');
  const table = `${HEAD}${rows.join('')}`;
  const docs = readFileSync(DOCS, 'utf8');
  const found = docs.slice(docs.indexOf(HEAD)).split('\n\n', 1)[0]?.trimEnd();
  // To write the table anew: `SYSLOG_TABLE=write node --test dist-test/devices.test.js`.
  if (process.env['SYSLOG_TABLE'] === 'write')
    writeFileSync(
      DOCS,
      docs.replace(found ?? '', () => table.trimEnd()),
    );
  else assert.equal(found, table.trimEnd());
});

test('the corpus has at least 150 lines, each once', () => {
  assert.ok(lines.length >= 150, `${lines.length}`);
  assert.equal(new Set(lines).size, lines.length);
});
