// What users get with the published packages: these, and all that they depend on, as the lock file has it. Those that only our development
// needs are left out; `npm sbom --omit dev` would also leave out what one package needs and another one's tests.
import { json, PACKAGES } from './packages.mjs';

const LOCK = json('package-lock.json');

/** The entry of the lock file for what `name` is to the package at `place`: by Node's rules, the nearest. Undefined if it has none. */
function find(place, name) {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (LOCK.packages[path] !== undefined) return path;
    if (at === '') return undefined;
  }
}

/** Name, path in the lock file, and entry there, without what is for development: of ours, of the links to these, and of all others. */
export function production() {
  const found = new Map();
  const open = PACKAGES.map(({ folder }) => folder);
  for (const place of open) {
    const { devDependencies: _, ...entry } = LOCK.packages[place];
    if (found.has(place)) continue;
    found.set(place, entry);
    if (entry.link) open.push(entry.resolved);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = entry;
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    for (const name of names) {
      const path = find(place, name);
      if (path !== undefined) open.push(path);
      else if (name in dependencies || !(name in optionalDependencies || peerDependenciesMeta[name]?.optional))
        throw new Error(`package-lock.json has no ${name}, which ${place} needs: run "npm install"`);
    }
  }
  return [...found].map(([path, entry]) => ({ path, entry, name: entry.name ?? path.split('node_modules/').at(-1) }));
}
