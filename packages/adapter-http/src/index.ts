export type { Problem } from './answers.js';
export { HTTP_GATEWAY_CONFIG, type HttpGatewayConfig } from './config.js';
export { httpgateway } from './httpgateway.js';
export { REFUSALS, type Refusal, type RefusalCode } from './refusals.js';
export type { TokenConfig } from './tokens.js';
