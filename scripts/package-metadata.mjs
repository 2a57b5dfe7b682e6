// What every published package says about itself: checked, or with --write put there, as far as it follows from the rest.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { json, PACKAGES, ROOT } from './packages.mjs';

const isWriting = process.argv.includes('--write');
const { repository, homepage, bugs, engines, license } = json('package.json');
const licence = readFileSync(join(ROOT, 'LICENSE'), 'utf8');
const problems = [];

/** The fields that follow from the root and the folder. */
const given = (folder) => ({
  license,
  homepage: `${homepage}/tree/main/${folder}#readme`,
  bugs,
  repository: { ...repository, directory: folder },
  publishConfig: { access: 'public', provenance: true },
  engines,
});

/** What only its author can say. */
function* missingIn(folder, { name, version, description, keywords = [], sideEffects, files, exports, scripts = {} }) {
  if (!/^@sputnikjs\/[a-z-]+$/.test(name)) yield 'name must be @sputnikjs/…';
  if (version !== PACKAGES[0].manifest.version) yield `version ${version}, but all packages have one version`;
  if (!description) yield 'description is missing';
  if (keywords.length < 3) yield 'keywords: at least three';
  if (sideEffects === undefined) yield 'sideEffects is missing: false, or the files that do something when imported';
  if (!files) yield 'files is missing';
  if (!exports) yield 'exports is missing';
  if (exports && !exports['./package.json']) yield 'exports lacks "./package.json"';
  if (!/^tsc -b --force\b.* && node \.\.\/\.\.\/scripts\/bundle\.mjs \./.test(scripts.prepack) || !scripts.postpack)
    yield 'scripts.prepack must compile and bundle, so that `npm pack` in a fresh clone ships something; postpack compiles again';
  if (!existsSync(join(ROOT, folder, 'README.md'))) yield 'README.md is missing';
}

/** Packages of ours are wanted at exactly the version that is released with them. */
function* wrongVersions({ version, dependencies = {}, devDependencies = {} }) {
  for (const [name, wanted] of Object.entries({ ...dependencies, ...devDependencies })) {
    if (name.startsWith('@sputnikjs/') && wanted !== version) yield `wants ${name} ${wanted}; it must be ${version}`;
  }
}

function licenceOf(folder) {
  const path = join(ROOT, folder, 'LICENSE');
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

for (const { folder, manifest } of PACKAGES) {
  const wanted = given(folder);
  const differing = Object.keys(wanted).filter((key) => !isDeepStrictEqual(manifest[key], wanted[key]));
  if (isWriting) {
    writeFileSync(join(ROOT, folder, 'LICENSE'), licence);
    if (differing.length > 0) {
      writeFileSync(join(ROOT, folder, 'package.json'), `${JSON.stringify({ ...manifest, ...wanted }, null, 2)}\n`);
    }
  } else {
    const follow = [...differing, ...(licenceOf(folder) === licence ? [] : ['LICENSE'])];
    if (follow.length > 0) problems.push(`${folder}: ${follow.join(', ')}: run \`npm run metadata\``);
  }
  for (const what of [...missingIn(folder, manifest), ...wrongVersions(manifest)]) problems.push(`${folder}: ${what}`);
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`metadata: ${PACKAGES.length} packages, version ${PACKAGES[0].manifest.version}`);
