import { fileURLToPath } from 'node:url';
import { createLog, start } from '@sputnikjs/sidecar';
import { Hints } from './hints.js';

const hints = new Hints();
const log = await createLog('info');

process.exitCode = await start({
  cf: fileURLToPath(new URL('../conf/demo', import.meta.url)),
  log: hints.reading(log),
  onEvent: ({ type }) => {
    if (type === 'connected') process.stdout.write(hints.text());
  },
});
