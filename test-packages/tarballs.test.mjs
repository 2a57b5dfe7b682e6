// What is in the tarballs, without installing them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { json, ROOT } from '../scripts/packages.mjs';
import { emptyFolder, run, tarballs } from './consumer.mjs';

const { homepage, devDependencies } = json('package.json');
const { version } = json('packages/core/package.json');
const bin = (name) => join(ROOT, 'node_modules/.bin', name);
const unpacked = emptyFolder();

function unpack(tarball) {
  const folder = join(unpacked, basename(tarball, '.tgz'));
  mkdirSync(folder, { recursive: true });
  const { status, stderr } = spawnSync('tar', ['xzf', tarball, '-C', folder, '--strip-components=1'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return folder;
}

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

const packages = tarballs().map((tarball) => ({ tarball, name: basename(tarball), folder: unpack(tarball) }));
const core = packages.find(({ name }) => name.startsWith('sputnikjs-core-'));
const rules = new Set(
  [...readFileSync(join(core.folder, 'lifecycle.md'), 'utf8').matchAll(/^\*\*([A-Z]\d+)\. /gm)].map(([, code]) => code),
);

test('the bill of materials has each package, and all that it depends on', () => {
  const bom = JSON.parse(readFileSync(tarballs()[0].replace(/[^/]+$/, `sputnik-${version}.cdx.json`), 'utf8'));
  assert.equal(bom.bomFormat, 'CycloneDX');
  const listed = new Set(bom.components.map(({ purl }) => purl));
  for (const { folder } of packages) {
    const { name, version: own, dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const [one, its] of [[name, own], ...Object.entries(dependencies)])
      assert.ok(listed.has(`pkg:npm/${one.replace('@', '%40')}@${its}`), `${one}@${its} of ${name}`);
  }
  assert.ok(!listed.has(`pkg:npm/typescript@${devDependencies.typescript}`), 'what only we need is not in it');
  const named = new Set(bom.dependencies.map(({ ref }) => ref));
  for (const { 'bom-ref': ref } of bom.components) assert.ok(named.has(ref), `${ref} says what it depends on`);
});

test('packages are bundled: those with one entry are one file of JavaScript', () => {
  for (const name of ['core', 'connector-amqp', 'connector-mqtt', 'connector-nats', 'connector-redis']) {
    const { folder } = packages.find((one) => one.name.startsWith(`sputnikjs-${name}-`));
    const scripts = filesIn(folder).filter((file) => file.endsWith('.js'));
    assert.deepEqual(scripts, [join(folder, 'dist/index.js')]);
  }
});

for (const { tarball, name, folder } of packages) {
  const files = filesIn(folder);

  test(`${name}: publint and attw have nothing to say`, async () => {
    const lint = await run(ROOT, bin('publint'), [tarball, '--strict']);
    assert.equal(lint.code, 0, lint.output);
    const types = await run(ROOT, bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color']);
    assert.equal(types.code, 0, types.output);
  });

  test(`${name}: it has a README, the licence, and nothing that only the build needs`, () => {
    for (const wanted of ['README.md', 'LICENSE', 'package.json']) assert.ok(existsSync(join(folder, wanted)), wanted);
    assert.deepEqual(
      files.filter((file) => /tsbuildinfo$|dist-test|dist\/.*\.test\./.test(file)),
      [],
    );
  });

  test(`${name}: source maps lead to files that are in it`, () => {
    const maps = files.filter((file) => file.endsWith('.map'));
    for (const map of maps) {
      for (const source of JSON.parse(readFileSync(map, 'utf8')).sources) {
        assert.ok(existsSync(join(dirname(map), source)), `${map}: ${source} is not there`);
      }
    }
  });

  test(`${name}: every declaration has a source, and every script is an entry or named by another; nothing is left over from an older build`, () => {
    const shipped = files.filter((path) => path.startsWith(join(folder, 'dist/')) && !path.endsWith('.map'));
    for (const file of shipped.filter((path) => path.endsWith('.d.ts')))
      assert.ok(existsSync(file.replace('/dist/', '/src/').replace(/\.d\.ts$/, '.ts')), `${file} has no source`);
    const readers = files.filter((path) => /\.(js|json|html)$/.test(path) && !path.startsWith(join(folder, 'src/')));
    for (const file of shipped.filter((path) => path.endsWith('.js'))) {
      const others = readers.filter((path) => path !== file).map((path) => readFileSync(path, 'utf8'));
      assert.ok(
        others.some((text) => text.includes(basename(file))),
        `nothing needs ${file}`,
      );
    }
  });

  test(`${name}: a rule that a declaration cites is in lifecycle.md of the core`, () => {
    for (const file of files.filter((path) => path.endsWith('.d.ts'))) {
      for (const [, codes] of readFileSync(file, 'utf8').matchAll(/\(((?:rule )?[A-Z]\d(?:, [A-Z]\d)*)\)/g)) {
        for (const code of codes.replace('rule ', '').split(', ')) assert.ok(rules.has(code), `${file}: ${code}`);
      }
    }
  });

  test(`${name}: links of its Markdown lead to a package beside it, into it, or to the repository`, () => {
    for (const file of files.filter((path) => path.endsWith('.md'))) {
      for (const [, link] of readFileSync(file, 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        const inRepository = link.startsWith(homepage)
          ? link.slice(homepage.length).replace(/^\/(blob|tree)\/main/, '')
          : '';
        const isThere = link.startsWith('https:')
          ? !link.startsWith(homepage) || existsSync(join(ROOT, inRepository))
          : existsSync(join(dirname(file), link)) || isBeside(link);
        assert.ok(isThere, `${file}: ${link} leads nowhere`);
      }
    }
  });
}

/** `../core`, `../sidecar/README.md`: in node_modules/@sputnikjs the packages stand beside each other as they do here. */
function isBeside(link) {
  const [, name] = /^\.\.\/([a-z-]+)(\/README\.md)?$/.exec(link) ?? [];
  return name !== undefined && packages.some((other) => other.name.startsWith(`sputnikjs-${name}-`));
}
