import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programOf } from '../dist/cli/program.js';

/** What is written when somebody asks a command for help. */
function helpOf(name: string, ...args: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const program = programOf({ name }, '1.2.3', () => {});
  for (const command of [program, ...program.commands])
    command.configureOutput({ writeOut: (text) => lines.push(...text.split('\n')) });
  assert.throws(() => program.parse([...args, '--help'], { from: 'user' }), { exitCode: 0 });
  return lines;
}

const { commands } = programOf({ name: 'sputnik' }, '1.2.3', () => {});

test('help lists all commands, says where to start, and what exit codes mean', () => {
  const help = helpOf('satellite').join('\n');
  for (const command of commands) assert.match(help, new RegExp(`^ {2}${command.name()} `, 'm'));
  assert.match(help, /satellite check --cf conf/);
  assert.match(help, /Exit codes: 0 .*, 1 .*, 78 /);
});

for (const command of commands) {
  test(`help of ${command.name()} has examples, by the name of the program, and fits a terminal`, () => {
    const lines = helpOf('sputnik', command.name());
    const examples = lines.slice(lines.indexOf('Examples:') + 1).filter((line) => line !== '');
    assert.ok(examples.length > 0 && lines.includes('Examples:'));
    for (const example of examples.filter((line) => !line.startsWith('  #')))
      assert.match(example, new RegExp(`^ {2}sputnik ${command.name()}\\b`));
    for (const line of [...lines, ...helpOf('sputnik')]) assert.ok(line.length <= 80, line);
  });
}
