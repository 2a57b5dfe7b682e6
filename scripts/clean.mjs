// Removes what the build made: `tsc -b` keeps the output of files that are gone.
import { readdirSync, rmSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const made = /^(dist|dist-.*|.*\.tsbuildinfo)$/;

function clean(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    if (made.test(entry.name)) rmSync(new URL(entry.name, folder), { recursive: true });
    else if (entry.isDirectory()) clean(new URL(`${entry.name}/`, folder));
  }
}

clean(root);
