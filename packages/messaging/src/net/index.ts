export { arrived } from './arrived.js';
export { FileReloader, type Reload } from './file-reloader.js';
export { readTls, TLS_KEYS, tlsMisfits, tlsProblems, type TlsConfig, type TlsOptions } from './tls.js';
