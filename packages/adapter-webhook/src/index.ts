export { WEBHOOK_CONFIG, type WebhookConfig } from './config.js';
export { webhook } from './webhook.js';
