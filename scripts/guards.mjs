// Keeps markers in the sources and the list of guards together (markers.mjs, mutants-list.mjs): each marker is listed once, and each guard
// of the list is marked, can be taken out, and has tests. Whether these fail without it tries `npm run mutants`.
import { readGuards } from './markers.mjs';

const { guards, problems } = readGuards();
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`guards: ${guards.length} are marked in the sources, and listed with their tests`);
