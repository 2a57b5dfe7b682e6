import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { toJson } from '../dist/deliver/json.js';
import { routed } from './fuzzing.js';
import { parse, parts } from './parsing.js';
import { textOf } from './support.js';

/** Printable ASCII without blank, as RFC 5424 has it (PRINTUSASCII), but not the nil value alone. */
const word = (max: number): fc.Arbitrary<string> =>
  fc
    .string({
      unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: max,
    })
    .filter((text) => text !== '-');
const sdName = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019@.:_-\\[/'.split('')), minLength: 1, maxLength: 32 })
  .filter((name) => name !== '__proto__');
/** Text without what is a line end, or half a character. */
const text = fc.string({ unit: 'grapheme', maxLength: 200 }).filter((one) => !/[\n\r\0\uFEFF]/.test(one));
const structured = fc.dictionary(sdName, fc.dictionary(sdName, text, { maxKeys: 4 }), { minKeys: 1, maxKeys: 4 });
const instant = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('2069-12-31T23:59:59Z'),
  noInvalidDate: true,
});
const priority = fc.nat(191);

function written(data: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  const value = (one: string): string => one.replaceAll(/["\\\]]/g, String.raw`\$&`);
  const element = ([id, params]: [string, Readonly<Record<string, string>>]): string =>
    `[${[id, ...Object.entries(params).map(([name, one]) => `${name}="${value(one)}"`)].join(' ')}]`;
  return Object.entries(data).map(element).join('');
}

test('whatever is written by RFC 5424 is read again, part by part', () => {
  const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arbitrary, { nil: undefined });
  const message = fc.record({
    priority,
    timestamp: optional(instant.map((date) => date.toISOString())),
    hostname: optional(word(255)),
    app_name: optional(word(48)),
    proc_id: optional(word(128)),
    msg_id: optional(word(32)),
    structured_data: optional(structured),
    message: text,
  });
  fc.assert(
    fc.property(message, fc.boolean(), (one, bom) => {
      const { structured_data, message, ...head } = one;
      const fields = [head.timestamp, head.hostname, head.app_name, head.proc_id, head.msg_id].map(
        (part) => part ?? '-',
      );
      const sd = structured_data ? written(structured_data) : '-';
      const frame = `<${one.priority}>1 ${fields.join(' ')} ${sd} ${bom ? '\uFEFF' : ''}${message}`;
      const expected = Object.fromEntries(Object.entries(one).filter(([, part]) => part !== undefined));
      const { rfc, version, ...found } = parts(frame);
      assert.deepEqual([rfc, version], ['RFC5424', 1]);
      assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)), frame);
    }),
    { numRuns: 500 },
  );
});

test('whatever is written by RFC 3164 is read again, in the zone of its sender, unless its clock was just set back', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Asia/Kathmandu',
    'Pacific/Kiritimati',
    'Australia/Lord_Howe',
  ];
  const name = fc.string({ unit: fc.constantFrom(...'abcxyz019_/.-'.split('')), minLength: 1, maxLength: 32 });
  const message = fc.record({
    priority,
    instant,
    zone: fc.constantFrom(...zones),
    hostname: name.filter((one) => /^\w(?:.*\w)?$/.test(one)),
    tag: name,
    proc_id: fc.option(fc.nat(99_999), { nil: undefined }),
    content: text.filter((one) => !one.startsWith(' ')),
    age: fc.integer({ min: -20 * 86_400, max: 300 * 86_400 }),
  });
  fc.assert(
    fc.property(message, ({ instant, zone, hostname, tag, proc_id, content, age, priority }) => {
      const second = Math.floor(instant.getTime() / 1000) * 1000;
      const shown = (time: number): Record<string, string> => {
        const format = new Intl.DateTimeFormat('en-US', {
          timeZone: zone,
          hourCycle: 'h23',
          month: 'short',
          day: 'numeric',
          hour: '2-digit',
          minute: '2-digit',
          second: '2-digit',
        });
        return Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
      };
      const wall = shown(second);
      const stamp = `${wall['month']} ${wall['day']?.padStart(2)} ${wall['hour']}:${wall['minute']}:${wall['second']}`;
      const frame = `<${priority}>${stamp} ${hostname} ${tag}${proc_id === undefined ? '' : `[${proc_id}]`}: ${content}`;
      const found = parts(frame, new Date(second + age * 1000), { timeZone: zone });
      const { timestamp = '', ...rest } = found;
      // 29 February is told in no other year
      if (stamp.startsWith('Feb 29') && timestamp === '') return;
      const pid = proc_id === undefined ? {} : { proc_id: String(proc_id) };
      assert.deepEqual(rest, { rfc: 'RFC3164', priority, hostname, tag, ...pid, content }, frame);
      const read = Date.parse(timestamp);
      assert.deepEqual(shown(read), wall);
      assert.ok(Math.abs(read - second) <= 3_600_000, `${timestamp} instead of ${new Date(second).toISOString()}`);
    }),
    { numRuns: 500 },
  );
});

test('whatever comes is a message of one kind, whose JSON is that of JSON.stringify and no longer than the frame allows', () => {
  const head = fc.constantFrom('', '<13>', '<13>1 ', '<13>1 - - - - - ', '<34>Oct 11 22:14:15 ', '<189>29: ');
  const tail = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(head, tail, (first, rest) => {
      const frame = Buffer.concat([Buffer.from(first), rest]);
      const message = parse(frame);
      const json = toJson(message);
      assert.equal(json, JSON.stringify(message));
      assert.deepEqual(JSON.parse(json), message);
      assert.ok(json.length <= 500 + 6 * frame.length);
      assert.ok(routed(message).length > 0);
      if (!message.rfc) assert.equal(message.data, frame.toString());
      else assert.ok(frame.toString().includes(textOf(message)));
    }),
    { numRuns: 2_000 },
  );
});
