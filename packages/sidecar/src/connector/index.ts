export { Fifo } from './fifo.js';
export { Handlers } from './handlers.js';
export { connectionLost } from './lost.js';
export { Outbox } from './outbox.js';
export { reasonOf } from './reason.js';
export { readTls, TLS_KEYS, tlsMisfits, type TlsConfig, type TlsOptions } from './tls.js';
