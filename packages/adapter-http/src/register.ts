import { registerBlockFactory } from '@sputnikjs/core';
import { httpgateway } from './httpgateway.js';
import { httpupstream } from './httpupstream.js';

registerBlockFactory(httpgateway.name, httpgateway);
registerBlockFactory(httpupstream.name, httpupstream);
