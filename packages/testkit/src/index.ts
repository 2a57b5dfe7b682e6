export { gate, never, untilAborted, type Gate } from './gate.js';
export { manualClock, turn, type ManualClock } from './manual-clock.js';
export { randomFrom } from './random.js';
export { TestServer } from './test-server.js';
