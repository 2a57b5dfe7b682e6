export { SPOOL_CONFIG, type SpoolConfig } from './config.js';
export { spool } from './spool.js';
