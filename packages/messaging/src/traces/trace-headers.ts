const PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-[!-~]*)?$/;
const STATE = /^[!-~](?:[\t -~]*[!-~])?$/;

/**
 * Returns those of some headers that carry the context of a trace, in lower case: an invalid `traceparent` is left out, and with it the
 * `tracestate` (W3C Trace Context, sections 3.2 and 4.2).
 *
 * @example
 * import { traceHeaders } from '@sputnikjs/messaging/traces';
 * const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
 * console.log(Object.keys(traceHeaders({ Traceparent: traceparent, cookie: 'x' })).join()); // traceparent
 */
export function traceHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const { traceparent = '', tracestate = '' } = lower;
  if (!PARENT.test(traceparent)) return {};
  return { traceparent, ...(STATE.test(tracestate) && { tracestate }) };
}
