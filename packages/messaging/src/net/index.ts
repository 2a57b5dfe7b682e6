export { arrived } from './arrived.js';
export { bind, placeOf, plainAddress, type Address } from './bind.js';
export { fileShortage, readableByAll, watchFiles } from './files.js';
export { FileReloader, lookAtAll, type LookedAt, type Reload } from './file-reloader.js';
export { isLoopback } from './loopback.js';
export { networkOf } from './network.js';
export { ProblemLog, type Particulars, type ProblemLogContext } from './problem-log.js';
export { readTls, TLS_KEYS, tlsMisfits, tlsProblems, type TlsConfig, type TlsOptions } from './tls.js';
export { clearPath, PATH_ADVICE, privately } from './unix-path.js';
