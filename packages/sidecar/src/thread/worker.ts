// The program of a satellite's thread. thread.ts starts it.
import { parentPort, workerData } from 'node:worker_threads';
import { beat } from './pulse.js';
import { Served } from './served.js';
import { receive } from '../remote/link.js';
import type { ThreadData } from './thread-data.js';
import type { Frame } from '../remote/wire.js';

const data = workerData as ThreadData;
beat(data.beats, data.beatMs);
// modules are resolved as the program resolves them
if (data.program !== undefined) process.argv[1] = data.program;

const port = parentPort;
if (port === null) throw new Error('this file is no program: it is the thread of a satellite');
const served = await Served.start(data, {
  postMessage: (frame, transfer) => port.postMessage(frame, transfer),
  tryOut: (value) => void structuredClone(value),
});
port.on('message', (frame: Frame) => receive(frame, served));
// what waits to be posted is not lost with the thread
for (const end of ['exit', 'uncaughtExceptionMonitor']) process.on(end, () => served.flush());
