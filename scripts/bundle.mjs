// What ships of a package (decision 19): its compiled modules, bundled by esbuild. Each entry of the package stays where it is, what several
// need is in chunks beside them, and what is imported when it is needed stays a file of its own. Other packages are not in it.
//   node scripts/bundle.mjs FOLDER [OUT]      to OUT; or in place, where the modules then go
import { readFileSync, rmSync, writeFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { filesBelow, json, ROOT } from './packages.mjs';

/** A file beside this one, as threads and programs are found. */
const BESIDE = /new URL\(\s*'([^']+)',\s*import\.meta\.url/g;

const [folder, out] = [relative(ROOT, resolve(process.argv[2])), process.argv[3]];
const dist = join(ROOT, folder, 'dist');
/** Scripts with a declaration are modules; those of a page have none. */
const modules = filesBelow(`${folder}/dist`)
  .filter((file) => file.endsWith('.js') && existsSync(join(ROOT, file.replace(/js$/, 'd.ts'))))
  .map((file) => join(ROOT, file));
const besideOf = (file) => [...readFileSync(file, 'utf8').matchAll(BESIDE)].map(([, path]) => join(file, '..', path));

/** What `exports` names, what `bin` imports, and what threads run. */
function entries() {
  const { exports } = json(`${folder}/package.json`);
  const exported = Object.values(exports).flatMap((target) => target.default ?? []);
  const programs = filesBelow(`${folder}/bin`).map((file) => join(ROOT, file));
  const found = [...programs, ...modules].flatMap(besideOf).filter((file) => modules.includes(file));
  return [...new Set([...exported.map((path) => join(ROOT, folder, path)), ...found])];
}

/** A path from a module would lead elsewhere if the module came into another folder. */
function checkPaths({ outputs }) {
  for (const [output, { inputs }] of Object.entries(outputs))
    for (const input of Object.keys(inputs).map((path) => resolve(ROOT, path)))
      if (besideOf(input).length > 0 && (dirname(input) !== dist || dirname(resolve(ROOT, output)) !== dist))
        throw new Error(`${relative(ROOT, input)} has a path from import.meta.url; only modules at the top of src may`);
}

const { outputFiles, metafile } = await build({
  entryPoints: entries(),
  absWorkingDir: ROOT,
  outbase: dist,
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  metafile: true,
  write: false,
  allowOverwrite: true,
});
checkPaths(metafile);
if (out === undefined) for (const file of modules) for (const each of [file, `${file}.map`]) rmSync(each);
for (const { path, contents } of outputFiles) {
  const file = join(out === undefined ? dist : resolve(out), relative(dist, path));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, contents);
}
