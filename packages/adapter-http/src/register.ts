import { registerBlockFactory } from '@sputnikjs/core';
import { httpgateway } from './httpgateway.js';

registerBlockFactory(httpgateway.name, httpgateway);
