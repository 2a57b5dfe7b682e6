export { MessageSpans, type Sending } from './message-spans.js';
export { openTraces, type Attributes, type Carrier, type SpanFacts, type Traced, type Traces } from './traces.js';
export { traceHeaders } from './trace-headers.js';
