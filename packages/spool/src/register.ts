import { registerBlockFactory } from '@sputnikjs/core';
import { spool } from './spool.js';

registerBlockFactory(spool.name, spool);
