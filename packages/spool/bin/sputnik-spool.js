#!/usr/bin/env node
import { existsSync } from 'node:fs';

const cli = new URL('../dist/cli.js', import.meta.url);
if (existsSync(cli)) {
  await (await import(cli.href)).cli(process.argv.slice(2));
} else {
  console.error('sputnik-spool is not built yet; in the root of the repository: npm run build');
  process.exitCode = 1;
}
