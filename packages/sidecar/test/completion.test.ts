import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { bashOf, fishOf, zshOf, type CompletedCommand } from '../dist/cli/completion.js';
import { cli, folder } from './helpers.js';

const scripts: Record<string, string> = {};
// made here, not in the hook: what a hook makes is gone when that has ended
const place = await folder({});
before(async () => {
  await mkdir(join(place, 'my conf'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await cli(['completion', shell]);
    assert.equal(code, 0);
    scripts[shell] = `${stdout.join('\n')}\n`;
    await writeFile(join(place, shell), scripts[shell]);
  }
});

/** What a shell prints. */
function run(shell: string, args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(shell, args, { cwd: place, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`cannot run ${shell}: is it installed?`, { cause: error });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** What is offered for the last word of each command line. */
const EXPECTED: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['ch'], ['check']],
  [
    ['check', '--c'],
    ['--cf', '--connect'],
  ],
  [['check', '--cf', 'my'], ['my conf']],
  [
    ['graph', '--format', ''],
    ['dot', 'mermaid', 'text'],
  ],
  [
    ['explain', 'producer.'],
    ['producer.capacity', 'producer.concurrency', 'producer.maxHeldBytes'],
  ],
  [['explain', 'httpgateway.tokens.f'], ['httpgateway.tokens.file']],
  [['schema', 'syslogw'], ['syslogwriter']],
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
  [['resend', 'fi'], ['fish']],
];

test('bash completes commands, options, folders, files, and what can be configured', () => {
  for (const [words, offered] of EXPECTED) {
    const script = `source ./bash; COMP_WORDS=(sputnik "$@"); COMP_CWORD=$#; compopt() { :; }; _sputnik; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const out = run('bash', ['--norc', '-c', script, 'bash', ...words]);
    assert.deepEqual(out.trim().split('\n').toSorted(), offered, words.join(' '));
  }
});

test('fish completes the same', () => {
  for (const [words, offered] of EXPECTED) {
    const out = run('fish', [
      '--no-config',
      '-c',
      'source ./fish; complete -C "$argv"',
      ['sputnik', ...words].join(' '),
    ]);
    const found = out
      .trim()
      .split('\n')
      .map((line) => line.replace(/\/?(\t.*)?$/, ''));
    assert.deepEqual(found.toSorted(), offered, words.join(' '));
  }
});

test('zsh and bash can read their scripts', () => {
  for (const shell of ['bash', 'zsh']) run(shell, ['-n', shell]);
});

test('texts with quotes, brackets and colons stay texts', () => {
  const what = `it's [a] "b": $(touch broken) \`c\` \\`;
  const command: CompletedCommand = {
    name: 'do',
    description: what,
    options: [{ flag: '--it', description: what, values: { words: ['a', 'b'] } }],
    argument: { words: ['c'] },
  };
  const all = { bash: bashOf, zsh: zshOf, fish: fishOf };
  for (const [shell, scriptOf] of Object.entries(all))
    run(shell, [shell === 'zsh' ? '-fn' : '-n', '-c', scriptOf('x-y', [command])]);
  const offered = run('fish', ['--no-config', '-c', `${fishOf('x-y', [command])}complete -C 'x-y d'`]);
  assert.equal(offered, `do\t${what}\n`);
  assert.match(zshOf('x-y', [command]), /'--it\[it'\\''s \\\[a\\\] "b"\\: /);
});
