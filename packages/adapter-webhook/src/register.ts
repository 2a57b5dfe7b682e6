import { registerBlockFactory } from '@sputnikjs/core';
import { webhook } from './webhook.js';

registerBlockFactory(webhook.name, webhook);
