// docs/configuration.md: every key of Sputnik's own configurations, from the schemas. Written, or with --check compared. Needs the packages
// built.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROUTES } from '../packages/adapter-syslog/dist/route/routing.js';
import { catalogue } from '../packages/sidecar/dist/cli/catalogue.js';
import { spellings } from '../packages/sidecar/dist/folder/environment.js';
import { jsonSchemaOf } from '../packages/sidecar/dist/folder/json-schema.js';
import { keyFacts } from '../packages/sidecar/dist/folder/key-facts.js';
import { ROOT } from './packages.mjs';

const FILE = 'docs/configuration.md';
const HEAD = `# Configuration

Every key of every file that Sputnik's own packages read. Made of their schemas by \`npm run configuration\`; do not edit.
\`sputnik explain KEY\` says the same on the command line, of your own blocks too.

- Files are \`.json\`, \`.yaml\` or \`.yml\`, one for each configuration, in the configuration folder. A block's file has the name of its
  responsibility, or, where there is none, the name of the block. Each may name its \`$schema\`. Unknown keys are errors.
- A variable overrides a file; with \`_FILE\` at its end it names a file that has the value. What is in a list has no variable: the
  variable of the list has it all, as JSON. Of a block with another responsibility the variables begin with that.
- A key marked *secret* is never shown. Give it by a variable \`…_FILE\`.

`;

/** What each file is, in the order of the page. */
const FILES = [
  ['blocks', 'The blocks of the satellite, in the order of initialisation: a list of objects. It has no variables.'],
  ['sputnik', 'The satellite itself. The file may be missing.'],
  ['producer', 'The block `producer`, which sends messages to the server.'],
  ['requester', 'The block `requester`, which sends requests to the server.'],
  ['consumer', 'The block `consumer`, which has a block handle the messages of a source.'],
  ['responder', 'The block `responder`, which has a block answer the requests of a source.'],
  ['bridge', 'The block `bridge`, which has what comes from one server produced on another one.'],
  ['connector', 'The server. Its keys are those of the connector that `module` names.'],
  ['syslogreceiver', 'The block `syslogreceiver`, which listens.'],
  ['syslogproducer', 'The block `syslogproducer`, which passes messages on.'],
  ['syslogconf', 'The routes of `syslogproducer`: a list of objects. The file may be missing.'],
  ['syslogwriter', 'The block `syslogwriter`, which keeps what cannot be delivered.'],
  ['httpgateway', 'The block `httpgateway`, which takes messages over HTTP.'],
  ['httpupstream', 'The block `httpupstream`, which answers requests of the server by calling a URL.'],
  ['webhook', 'The block `webhook`, which POSTs what a consumer receives to a URL.'],
  ['spool', 'The block `spool`, which keeps messages on disk until the server has them.'],
];

const routes = { name: 'syslogconf', module: '@sputnikjs/adapter-syslog', schema: jsonSchemaOf(ROUTES) };

function cell(text) {
  return text.replaceAll(/[|*<>_]/g, (character) => `\\${character}`);
}

function code(text) {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function row(name, { path, keys, description, type, default: value, required, secret }) {
  const [variable] = keys === undefined || name === 'blocks' ? [] : spellings(name, keys);
  const what = `${cell(description ?? '')}${secret ? ' *Secret.*' : ''}`;
  const told = value === undefined ? (required ? 'required' : '') : code(JSON.stringify(value));
  return `| ${code(path)} | ${cell(type)} | ${told} | ${variable === undefined ? '' : code(variable)} | ${what} |\n`;
}

function section(heading, { name, schema }) {
  const rows = keyFacts(schema).map((facts) => row(name, facts));
  return `${heading}\n| key | type | default | variable | what it means |\n| --- | --- | --- | --- | --- |\n${rows.join('')}\n`;
}

async function render() {
  const entries = [...(await catalogue(undefined)).entries, routes];
  const unknown = entries.filter(({ name }) => !FILES.some(([file]) => file === name));
  if (unknown.length > 0) throw new Error(`scripts/configuration.mjs: say what ${unknown[0].name} is`);
  const parts = FILES.map(([file, what]) => {
    const own = entries.filter(({ name }) => name === file);
    if (own.length === 0) throw new Error(`nothing reads ${file}: are all packages built?`);
    const from = (module) => `[\`${module}\`](../packages/${module.replace('@sputnikjs/', '')}/README.md)`;
    if (own.length > 1)
      return `## ${file}\n\n${what}\n\n${own.map((entry) => section(`### With ${from(entry.module)}\n`, entry)).join('')}`;
    const [entry] = own;
    return section(`## ${file}\n\n${what}${entry.module === undefined ? '' : ` Of ${from(entry.module)}.`}\n`, entry);
  });
  return `${HEAD}${parts.join('')}`.trimEnd() + '\n';
}

const current = await render();
if (process.argv.includes('--check')) {
  if (!existsSync(join(ROOT, FILE)) || readFileSync(join(ROOT, FILE), 'utf8') !== current) {
    console.error(`${FILE} is not what the schemas say; run \`npm run configuration\``);
    process.exit(1);
  }
  console.log(`${FILE}: current`);
} else writeFileSync(join(ROOT, FILE), current);
