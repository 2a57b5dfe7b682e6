export { REFUSALS, type RefusalCode } from './answers.js';
export { HTTP_GATEWAY_CONFIG, type HttpGatewayConfig } from './config.js';
export { httpgateway } from './httpgateway.js';
