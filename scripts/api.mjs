// The API reference in docs/api: what each package exports, from its declarations and their docstrings. Written, or with --check compared.
// Needs the packages built.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ModuleKind, ModuleResolutionKind, Node, Project } from 'ts-morph';
import { json, PACKAGES, ROOT } from './packages.mjs';

const isChecking = process.argv.includes('--check');
const FOLDER = join(ROOT, 'docs', 'api');
/** What is of the language, or of Node, is named as it is: reading it would take most of the time. */
const project = new Project({
  compilerOptions: {
    module: ModuleKind.NodeNext,
    moduleResolution: ModuleResolutionKind.NodeNext,
    noLib: true,
    types: [],
  },
});

const pageOf = (name) => `${name.replace('@sputnikjs/', '')}.md`;
/** The package of ours that a declaration stands in. */
const homeOf = (declaration) => {
  const path = relative(ROOT, declaration.getSourceFile().getFilePath());
  return PACKAGES.find(({ folder }) => path.startsWith(`${folder}/dist/`))?.manifest.name;
};

/** Its entry points that have declarations, as they are imported. */
function entriesOf({ folder, manifest }) {
  const paths = Object.entries(json(join(folder, 'package.json')).exports).filter(([, { types }]) => types);
  return paths.map(([key, { types }]) => {
    const file = project.addSourceFileAtPathIfExists(join(ROOT, folder, types));
    if (file === undefined) throw new Error(`${join(folder, types)} is missing; run \`npm run build\``);
    return { specifier: `${manifest.name}${key.slice(1)}`, file };
  });
}

/** Where the docstring of a declaration stands: of a variable at its statement. */
const documented = (declaration) =>
  Node.isVariableDeclaration(declaration) ? declaration.getVariableStatement() : declaration;

/** As Markdown: a link to a name is code, and `<` begins no tag, except in code. */
function prose(text) {
  const linked = text.replaceAll(/\{@link (\S+?)\}/g, '`$1`');
  return linked.replaceAll(/`[^`]*`|^ {4}.*$|</gm, (found) => (found === '<' ? '\\<' : found));
}

function docsOf(declaration) {
  const [doc] = documented(declaration).getJsDocs?.() ?? [];
  const examples = doc?.getTags().filter((tag) => tag.getTagName() === 'example') ?? [];
  return {
    text: prose(doc?.getDescription().trim() ?? ''),
    examples: examples.map((tag) => tag.getCommentText() ?? ''),
  };
}

/** The declaration as a reader needs it: without its own docstring, words that say nothing here, and what is private. */
function codeOf(declaration) {
  return documented(declaration)
    .getText()
    .replace(/^(export )?(declare )?/, '')
    .replaceAll(/^( +\/\*\*((?!\*\/)[\s\S])*\*\/\n)? +(#private;|private .*)\n/gm, '');
}

/** The types of the same package that a declaration names. */
function namedBy(declaration) {
  const names = documented(declaration).getDescendants().filter(Node.isIdentifier);
  return names
    .map((name) => name.getSymbol())
    .flatMap((symbol) => (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations() ?? [])
    .filter(
      (found) =>
        Node.isInterfaceDeclaration(found) || Node.isTypeAliasDeclaration(found) || Node.isClassDeclaration(found),
    )
    .filter((found) => found.getParent() === found.getSourceFile());
}

const code = (text) => `\`\`\`ts\n${text.trimEnd()}\n\`\`\`\n`;

function* section(name, declarations) {
  yield `### ${name}\n`;
  const { text, examples } = docsOf(declarations[0]);
  if (text !== '') yield `${text}\n`;
  yield code(declarations.map(codeOf).join('\n'));
  for (const example of examples) yield `Example:\n\n${code(example)}`;
}

/** The page of a package. */
function* page(entries, { name, description }) {
  yield `# ${name}\n`;
  yield `${description}. Made of its declarations by \`npm run api\`; do not edit. Codes such as (M4) are rules of\n[the life of a satellite](../lifecycle.md).\n`;
  const shown = new Set();
  const local = new Map();
  for (const { specifier, file } of entries) {
    const exported = [...file.getExportedDeclarations()].toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (exported.length > 0) yield `## ${specifier}\n`;
    for (const [exportedName, declarations] of exported) {
      for (const declaration of declarations) shown.add(declaration);
      yield* section(exportedName, declarations);
    }
  }
  const queue = [...shown];
  for (const declaration of queue) {
    for (const found of namedBy(declaration)) {
      if (shown.has(found) || homeOf(found) !== name) continue;
      shown.add(found);
      queue.push(found);
      local.set(found.getName(), found);
    }
  }
  if (local.size === 0) return;
  yield '## Named above, and not exported\n';
  for (const [localName, declaration] of [...local].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    yield* section(localName, [declaration]);
}

const pages = new Map();
const all = PACKAGES.map((each) => ({ ...each, entries: entriesOf(each) })).filter(({ entries }) => entries.length > 0);
for (const { manifest, entries } of all) pages.set(pageOf(manifest.name), [...page(entries, manifest)].join('\n'));
const index = all.map(({ manifest: { name, description } }) => `| [\`${name}\`](${pageOf(name)}) | ${description} |\n`);
pages.set(
  'README.md',
  `# API reference\n\nMade by \`npm run api\`; do not edit.\n\n| package | what |\n| --- | --- |\n${index.join('')}`,
);

if (isChecking) {
  const there = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
  const differing = [...new Set([...there, ...pages.keys()])].filter(
    (file) => !there.includes(file) || readFileSync(join(FOLDER, file), 'utf8') !== pages.get(file),
  );
  if (differing.length > 0) {
    console.error(`docs/api is not what the declarations say (${differing.join(', ')}); run \`npm run api\``);
    process.exit(1);
  }
  console.log(`docs/api: ${pages.size - 1} packages, current`);
} else {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [file, text] of pages) writeFileSync(join(FOLDER, file), text);
}
