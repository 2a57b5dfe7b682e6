import { ENDED } from './in-turn.js';

// Runs the programs that are named as its arguments one after the other, in one process: what most of them import is loaded once. Each begins
// when nothing of the one before is left that keeps a process alive, and is followed by how that one ended.
const paths = process.argv.slice(2);
let [place, ending] = [-1, ''];

process.on('beforeExit', () => {
  if (place >= 0) console.log(`${ENDED}${ending}, ${process.exitCode ?? 0}${ENDED}`);
  process.exitCode = undefined;
  const path = paths[++place];
  if (path === undefined) return;
  ending = 'waits for what never comes';
  import(path).then(
    () => (ending = 'done'),
    (error: unknown) => (ending = `failed: ${error instanceof Error ? error.stack : String(error)}`),
  );
});
