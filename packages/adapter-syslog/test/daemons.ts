import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@sputnikjs/testkit/servers';
import { temporaryFolder } from './certificates.js';
import { program } from './program.js';
import { datagrams } from './support.js';

/** What somebody reads in a line; what is absent is not there. Times are without year and zone: `11-29T08:00:00`. */
export interface Reading {
  readonly priority?: number;
  readonly time?: string;
  readonly host?: string;
  readonly tag?: string;
  readonly pid?: string;
  readonly text?: string;
}

/** What daemons put in where a line has nothing. */
const OWN_HOST = '127.0.0.1';

const REFUSED = 'Error processing log message: ';

/** Reads lines by a daemon of Debian's that runs on this machine, in UTC. */
export type Daemon = (t: TestContext, lines: readonly string[]) => Promise<ReadonlyMap<string, Reading>>;

/** Sends lines as datagrams and waits until each is in the daemon's output, one JSON text a line. */
async function outputs(port: number, path: string, lines: readonly string[]): Promise<Record<string, string>[]> {
  const end = Date.now() + 30_000;
  const read = (): Record<string, string>[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map(parsed)
          .filter((fields) => fields !== undefined)
      : [];
  // Until it listens the kernel throws datagrams away.
  for (let missing = lines; missing.length > 0; await sleep(200)) {
    if (Date.now() > end) throw new Error(`the daemon did not take ${missing.length} lines, such as ${missing[0]}`);
    for (let at = 0; at < missing.length; at += 20) {
      await datagrams(port, missing.slice(at, at + 20));
      await sleep(5);
    }
    await sleep(300);
    const come = new Set(read().map(({ raw }) => raw));
    missing = lines.filter((line) => !come.has(line));
  }
  return read();
}

function parsed(text: string): Record<string, string> | undefined {
  try {
    const fields = JSON.parse(text) as Record<string, string>;
    const { raw = '', text: told = '' } = fields;
    // What syslog-ng refuses is a message of its own, which marks where it stopped.
    const refused = told.startsWith(REFUSED) ? told.slice(REFUSED.length).replace('>@<', '') : undefined;
    return refused === undefined || raw !== '' ? fields : { ...fields, raw: refused, tag: '', pid: '', text: REFUSED };
  } catch {
    // The last line, while it is written.
    return undefined;
  }
}

function readingOf(fields: Record<string, string>): Reading {
  const { pri = '', time = '', received = '', host = '', tag = '', pid = '', text = '' } = fields;
  return present({
    priority: Number(pri),
    time: time === received ? '' : shortTime(time),
    host: host === OWN_HOST || host === '-' ? '' : host,
    tag: tag === '-' ? '' : tag,
    pid: pid === '-' ? '' : pid,
    text,
  });
}

/** Without what is empty, and without the blank that rsyslogd leaves before the text. */
export function present(reading: { readonly [K in keyof Reading]: Reading[K] | undefined }): Reading {
  const text = reading.text?.replace(/^ /, '').trimEnd();
  return Object.fromEntries(
    Object.entries({ ...reading, text }).filter(([, value]) => value !== undefined && value !== ''),
  );
}

/** The part of a time that needs neither year nor zone, in UTC. */
export function shortTime(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString().slice(5, 19);
}

function byLine(found: readonly Record<string, string>[], lines: readonly string[]): ReadonlyMap<string, Reading> {
  const readings = new Map(found.map((fields) => [fields['raw'] ?? '', readingOf(fields)]));
  return new Map(lines.map((line) => [line, readings.get(line) ?? {}]));
}

/** `rsyslogd` with its parsers as they are. */
export const rsyslogd: Daemon = async (t, lines) => {
  const home = temporaryFolder(t);
  const [conf, output, port] = [join(home, 'rsyslog.conf'), join(home, 'out'), await freePort()];
  const properties = {
    raw: 'rawmsg',
    pri: 'pri',
    host: 'hostname',
    tag: 'programname',
    syslogtag: 'syslogtag',
    pid: 'procid',
    text: 'msg',
    sd: 'structured-data',
    msgid: 'msgid',
  };
  const parts = Object.entries(properties).map(
    ([name, property]) => `property(name="${property}" outname="${name}" format="jsonf") constant(value=",")`,
  );
  const times = ['time:timereported', 'received:timegenerated'].map((pair) => {
    const [name, property] = pair.split(':') as [string, string];
    return `property(name="${property}" outname="${name}" format="jsonf" dateFormat="rfc3339" date.inUTC="on")`;
  });
  writeFileSync(
    conf,
    `
global(workDirectory="${home}" net.enableDNS="off" parser.escapeControlCharactersOnReceive="off")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="${port}")
template(name="json" type="list") {
  constant(value="{") ${parts.join(' ')} ${times.join(' constant(value=",") ')} constant(value="}\\n")
}
action(type="omfile" file="${output}" template="json")
`,
  );
  program(t, 'rsyslogd', ['-n', '-f', conf, '-i', join(home, 'pid')], { TZ: 'UTC' });
  const found = await outputs(port, output, lines);
  return byLine(found.map(withWholeTag), lines);
};

/** The name of the program ends at a slash; the tag does not. */
function withWholeTag(fields: Record<string, string>): Record<string, string> {
  const { syslogtag = '', pid = '' } = fields;
  const bracketed = pid !== '' && pid !== '-' ? `[${pid}]` : '';
  const tag = syslogtag.replace(/:$/, '');
  return { ...fields, tag: bracketed && tag.endsWith(bracketed) ? tag.slice(0, -bracketed.length) : tag };
}

/** `syslog-ng` with a source for either format, hosts kept as they were sent. */
export const syslogNg: Daemon = async (t, lines) => {
  const home = temporaryFolder(t);
  const [conf, output, port] = [join(home, 'syslog-ng.conf'), join(home, 'out'), await freePort()];
  const pairs = {
    raw: '$RAWMSG',
    pri: '$PRI',
    time: '$S_UNIXTIME.$S_USEC',
    received: '$R_UNIXTIME.$R_USEC',
    host: '$HOST',
    tag: '$PROGRAM',
    pid: '$PID',
    text: '$MSG',
  };
  const json = Object.entries(pairs).map(([name, value]) => `--pair ${name}="${value}"`);
  mkdirSync(join(home, 'run'));
  writeFileSync(
    conf,
    `
@version: 3.38
options { keep-hostname(yes); use-dns(no); chain-hostnames(no); stats-freq(0); time-zone("UTC"); };
source in { network(ip(127.0.0.1) port(${port}) transport(udp) flags(syslog-protocol, store-raw-message) time-zone("UTC")); };
destination out { file("${output}" template("$(format-json ${json.join(' ').replaceAll('"', '\\"')})\\n") flush-lines(1)); };
log { source(in); destination(out); };
`,
  );
  const run = join(home, 'run');
  const args = [
    '-F',
    '--no-caps',
    '-f',
    conf,
    '-R',
    join(run, 'persist'),
    '-p',
    join(run, 'pid'),
    '-c',
    join(run, 'ctl'),
  ];
  program(t, 'syslog-ng', args, { TZ: 'UTC' });
  const found = await outputs(port, output, lines);
  const iso = (time: string | undefined): string => new Date(Number(time) * 1000).toISOString();
  return byLine(
    found.map((fields) => ({ ...fields, time: iso(fields['time']), received: iso(fields['received']) })),
    lines,
  );
};
