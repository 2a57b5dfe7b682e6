export { FrameSplitter, FramingError } from './framing.js';
export { SYSLOG_PRODUCER, type StructuredData, type StructuredElement, type SyslogMessage } from './message.js';
export { parseSyslog } from './parse.js';
