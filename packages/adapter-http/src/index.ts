export type { Problem } from './answer/answers.js';
export { HTTP_GATEWAY_CONFIG, type HttpGatewayConfig } from './config.js';
export { httpgateway } from './httpgateway.js';
export { httpupstream } from './httpupstream.js';
export { REFUSALS, type Refusal, type RefusalCode } from './answer/refusals.js';
export type { TokenConfig } from './access/tokens.js';
export { HTTP_UPSTREAM_CONFIG, type HttpUpstreamConfig, type Method } from './upstream/config.js';
export { UPSTREAM_FAILURES, type UpstreamFailure, type UpstreamFailureCode } from './upstream/failures.js';
