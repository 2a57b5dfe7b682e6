export type { Problem } from './answer/answers.js';
export { HTTP_GATEWAY_CONFIG, type HttpGatewayConfig } from './config.js';
export { httpgateway } from './httpgateway.js';
export { REFUSALS, type Refusal, type RefusalCode } from './answer/refusals.js';
export type { TokenConfig } from './access/tokens.js';
