import { hostOf, type HttpRequest } from '@sputnikjs/messaging/net';
import type { Traces } from '@sputnikjs/messaging/traces';

/** A call with the context of its span, and what ends that. */
export interface CallSpan {
  readonly call: HttpRequest;
  answered(status: number): void;
  failed(error: unknown): void;
}

/** Begins the span of a call; where nobody traces, the call stays as it is. */
export function beginCall(traces: Traces | undefined, url: URL, call: HttpRequest): CallSpan {
  const traced = traces?.begin(call, {
    name: call.method,
    kind: 'client',
    attributes: {
      'http.request.method': call.method,
      'server.address': hostOf(url),
      'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      'url.full': `${url.origin}${call.path ?? url.pathname}`,
    },
  });
  return {
    call: traced?.carrier ?? call,
    answered(status) {
      const attributes = { 'http.response.status_code': status };
      // to who calls, a refusal is an error
      traced?.end({ attributes, ...(status >= 400 && { error: { code: `${status}` } }) });
    },
    failed: (error) => traced?.end({ error }),
  };
}
