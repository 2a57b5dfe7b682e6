export { MQTT_CONFIG, type MqttConfig } from './config.js';
export { connector, type MqttConnection } from './connector.js';
