export { FrameSplitter, FramingError } from './framing.js';
export type { SyslogCounts } from './intake.js';
export { SYSLOG_PRODUCER, type StructuredData, type StructuredElement, type SyslogMessage } from './message.js';
export { parseSyslog } from './parse.js';
export { syslogproducer } from './syslogproducer.js';
export { SYSLOG_RECEIVER, syslogreceiver } from './syslogreceiver.js';
