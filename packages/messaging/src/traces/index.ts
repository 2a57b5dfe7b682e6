export { openTraces, type Attributes, type Carrier, type SpanFacts, type Traced, type Traces } from './traces.js';
export { traceHeaders } from './trace-headers.js';
