// Parsing of syslog by two builds in turns: `node bench/dist/syslog-parsing.js BEFORE/index.js AFTER/index.js`.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Build {
  parseSyslog(frame: Buffer, received: object, options: object): object;
}

const TEXT = 'a message of a usual length, about eighty octets of text';
const KINDS: Readonly<Record<string, (n: number) => string>> = {
  'RFC 3164, one second': (n) => `<13>Nov 29 08:00:00 host${n % 7} app[${n % 1000}]: ${n} ${TEXT}`,
  'RFC 3164': (n) => `<13>Nov 29 08:00:0${n % 10} host${n % 7} app[${n % 1000}]: ${n} ${TEXT}`,
  'RFC 3164, no host': (n) => `<13>Nov 29 08:00:0${n % 10} app[${n % 1000}]: ${n} ${TEXT}`,
  'RFC 3164, ISO time': (n) =>
    `<13>2026-11-29T08:00:0${n % 10}.123456+01:00 host${n % 7} app[${n % 1000}]: ${n} ${TEXT}`,
  'RFC 5424': (n) =>
    `<165>1 2026-11-29T08:00:0${n % 10}.123Z host${n % 7} app ${n % 1000} ID47 [a@1 b="c" d="${n}"] ${TEXT}`,
  'RFC 5424, no data': (n) => `<165>1 2026-11-29T08:00:0${n % 10}.123Z host${n % 7} app ${n % 1000} - - ${n} ${TEXT}`,
  'Cisco IOS': (n) => `<189>${n}: *Nov 29 08:00:0${n % 10}.123: %SYS-5-CONFIG_I: ${TEXT}`,
  'Cisco ASA': (n) => `<166>Nov 29 2026 08:00:0${n % 10} fw1 : %ASA-6-302013: ${n} ${TEXT}`,
  pairs: (n) => `<13>Nov 29 08:00:0${n % 10} host${n % 7} date=2026-11-29 time=08:00:00 n=${n}`,
  'no head': (n) => `<14>kernel message ${n} ${TEXT}`,
};
/** A listener has the same ones for all its messages. */
const OPTIONS = {};
const FRAMES = 2_000;
const ROUNDS = 21;
const REPEATS = 15;
const received = { at: new Date('2026-11-29T08:00:10Z'), source: {} };

/** Nanoseconds a message. */
function run(build: Build, frames: readonly Buffer[]): number {
  const start = process.hrtime.bigint();
  for (let repeat = 0; repeat < REPEATS; repeat++)
    for (const frame of frames) build.parseSyslog(frame, received, OPTIONS);
  return Number(process.hrtime.bigint() - start) / (REPEATS * frames.length);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;
}

const [before, after] = (await Promise.all(
  process.argv.slice(2, 4).map((path) => import(pathToFileURL(resolve(path)).href)),
)) as [Build, Build];
for (const [kind, make] of Object.entries(KINDS)) {
  const frames = Array.from({ length: FRAMES }, (_, n) => Buffer.from(make(n)));
  for (let warm = 0; warm < 4; warm++) for (const build of [before, after]) run(build, frames);
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const order = round % 2 === 0 ? [before, after] : [after, before];
    const times = new Map(order.map((build) => [build, run(build, frames)]));
    return [times.get(before) as number, times.get(after) as number] as const;
  });
  const [a, b, ratio] = [0, 1]
    .map((at) => median(rounds.map((pair) => pair[at] as number)))
    .concat(median(rounds.map(([x, y]) => y / x)));
  console.log(`${kind.padEnd(22)} ${a?.toFixed(0)} ns before, ${b?.toFixed(0)} ns after, ratio ${ratio?.toFixed(2)}`);
}
