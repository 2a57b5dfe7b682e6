import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a document. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a document, given by its path from the root. */
export function blocksOf(document: string): Block[] {
  const markdown = readFileSync(join(ROOT, document), 'utf8');
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

/** A folder from which the packages are found, removed with the test. */
export function folder(t: TestContext, files: Record<string, string>): string {
  const path = mkdtempSync(join(ROOT, 'examples', 'dist-test', 'readme-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** A program that ends with the test at the latest; `output` is what it has printed so far. */
export interface Program {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly code: Promise<number | null>;
}

export function program(t: TestContext, command: string, ...args: string[]): Program {
  // a program with tests of its own is not a part of ours
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  const code = once(child, 'close').then(([status]) => status as number | null);
  t.after(async () => {
    child.kill('SIGKILL');
    await code;
  });
  return { child, output: () => output, code };
}

/** The `sputnik` command. */
export function sputnik(t: TestContext, ...args: string[]): Program {
  return program(t, process.execPath, join(ROOT, 'packages', 'sidecar', 'bin', 'sputnik.js'), ...args);
}

/** Compiles a TypeScript example, without output. */
export function compile(t: TestContext, text: string): Program {
  return tsc(t, folder(t, { 'example.ts': text, 'tsconfig.json': tsconfig({ noEmit: true }) }));
}

/** The name of an example's file, so that the compiler's words tell whose example it is. */
export function fileOf(title: string): string {
  return title.replace(/^\W/, '').replaceAll(/\W+/g, '-');
}

/** Compiles TypeScript examples, by name, in one go, and gives the programs that come of them. */
export async function compileAll(
  t: TestContext,
  texts: ReadonlyMap<string, string>,
): Promise<(name: string) => string> {
  const sources = [...texts].map(([name, text]) => [`${name}.ts`, text]);
  const options = { rootDir: '.', outDir: 'js', incremental: false };
  const path = folder(t, { ...Object.fromEntries(sources), 'tsconfig.json': tsconfig(options) });
  const compiler = tsc(t, path);
  assert.equal(await compiler.code, 0, compiler.output());
  return (name) => join(path, 'js', `${name}.js`);
}

function tsconfig(options: object): string {
  const compilerOptions = { composite: false, isolatedDeclarations: false, ...options };
  return JSON.stringify({ extends: '../../../tsconfig.base.json', compilerOptions });
}

function tsc(t: TestContext, path: string): Program {
  return program(t, process.execPath, join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', path);
}
