import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock, type Logger } from '@sputnikjs/core';
import { manualClock, randomFrom } from '@sputnikjs/testkit';
import { checkSync } from 'recheck';
import { limitedLog } from '../dist/log/limited-log.js';
import { EventLog } from '../dist/log/logs.js';
import { messageFor } from '../dist/log/pretty.js';
import { RateLimiter } from '../dist/log/rate-limit.js';
import { printable, scrubbed } from '../dist/text.js';

/** Steps are counted, and not timed: on a machine that is busy all that is timed is slow. */
const BY_STEPS = {
  timeout: null,
  seedingTimeout: null,
  incubationTimeout: null,
  attackTimeout: null,
  recallTimeout: -1,
};

const packages = fileURLToPath(new URL('../../', import.meta.url));

/** The regular expressions of a compiled file: each as its source and its flags. */
function expressionsIn(code: string): readonly (readonly [source: string, flags: string])[] {
  const literal = /(?<=[(=,:?[!&|]\s?|return )\/(?![/*])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([a-z]*)/g;
  return [...code.matchAll(literal)].map(([, source = '', flags = '']) => [source, flags]);
}

function compiled(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return compiled(path);
    return path.endsWith('.js') ? [path] : [];
  });
}

describe('regular expressions', () => {
  test('take time in proportion to the text, whatever it is', { timeout: 600_000 }, () => {
    const seen = new Set<string>();
    let count = 0;
    for (const name of readdirSync(packages)) {
      if (name === 'testkit') continue;
      for (const path of compiled(join(packages, name, 'dist'))) {
        for (const [source, flags] of expressionsIn(readFileSync(path, 'utf8'))) {
          count++;
          const expression = `/${source}/${flags}`;
          if (seen.has(expression)) continue;
          seen.add(expression);
          // It counts steps on the texts that are worst for the expression.
          const { status } = checkSync(source, flags, BY_STEPS);
          assert.equal(status, 'safe', `${expression} in ${path}`);
        }
      }
    }
    assert.ok(count > 50, `${count} expressions were found`);
  });

  test('that are quadratic are found', () => {
    const [[source, flags] = ['', '']] = expressionsIn('const text = whole.replaceAll(/\\s*\\n\\s*/g, " ");');
    assert.equal(checkSync(source, flags, BY_STEPS).status, 'vulnerable');
  });
});

describe('passwords in URLs', () => {
  test('are hidden as by the expression that says what they are, whatever stands around them', () => {
    const random = randomFrom(7);
    const parts = ['a', 'mqtt', '://', ':', '/', '@', ' ', '\n', 'p', '+', 'é', '://u:p@h'];
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from(
        { length: Math.floor(random() * 14) },
        () => parts[Math.floor(random() * parts.length)],
      ).join('');
      const expected = text.replaceAll(/([a-z0-9+.-]:\/\/[^\s/:@]*):[^\s/]*@/gi, '$1:***@');
      assert.equal(scrubbed(text), expected, JSON.stringify(text));
    }
  });
});

describe('a terminal', () => {
  test('is given no character of others that it obeys, or that turns text around', () => {
    const text = 'a\u001B[2Jb\u0007c\u009Bd\u202Ee\u2066f\u2028g\r\nh';
    assert.equal(printable(text), 'a\\u001b[2Jb\\u0007c\\u009bd\\u202ee\\u2066f\\u2028g\\u000d\\u000ah');
    const line = messageFor({ event: 'late', msg: `late: ${text}`, target: text, stack: `Error: ${text}` });
    // The dimming of the fields is ours.
    const theirs = line.replaceAll('\u001B[2m', '').replaceAll('\u001B[22m', '');
    for (const character of '\u001B\u0007\u009B\u202E\u2066\u2028\r')
      assert.ok(!theirs.includes(character), JSON.stringify(character));
  });
});

/** A log that keeps its lines. */
function kept() {
  const lines: { fields: Record<string, unknown>; text: string | undefined }[] = [];
  const write = (fields: object, text?: string): void => void lines.push({ fields: { ...fields }, text });
  const nothing = (): void => undefined;
  const log: Logger = { debug: nothing, info: write, warn: write, error: write };
  return { log, lines };
}

/** An error that counts how often somebody looks for its causes, as whoever puts it into words has to. */
class Costly extends Error {
  static read = 0;

  constructor() {
    super('x'.repeat(15_000));
    Object.defineProperty(this, 'cause', { get: () => void Costly.read++ });
  }
}

describe('a flood of warnings', () => {
  test('is put into words only where it is written, in blocks as in events', () => {
    const clock = manualClock();
    const limiter = new RateLimiter(clock);
    const { log, lines } = kept();
    const warnings = limitedLog(log, limiter, { block: 'a' });
    const events = new EventLog(log, limiter, systemClock, { status: () => undefined, url: () => undefined });
    const block = { name: 'a', responsibility: 'a' };
    for (let count = 0; count < 10_000; count++) {
      warnings.warn({ event: 'refused', error: new Costly() }, 'refused');
      events.take({ type: 'failed', block, callback: 'onMsg', error: new Costly(), decision: 'continue', lost: 1 });
    }
    limiter.flush();
    assert.equal(lines.length, 4);
    assert.ok(Costly.read < 100, `${Costly.read} errors were read`);
    for (const line of lines) assert.ok(JSON.stringify(line).length < 20_000);
  });

  test('of ever new kinds is limited as well', () => {
    const clock = manualClock();
    const limiter = new RateLimiter(clock);
    const { log, lines } = kept();
    const warnings = limitedLog(log, limiter);
    for (let count = 0; count < 10_000; count++)
      warnings.warn({ event: 'refused', code: `E${count}`, target: 't'.repeat(15_000) }, `no: ${'t'.repeat(15_000)}`);
    limiter.flush();
    assert.ok(lines.length < 600, `${lines.length} lines`);
    for (const { fields, text = '' } of lines) assert.ok(String(fields['target']).length < 250 && text.length < 2_050);
  });
});
