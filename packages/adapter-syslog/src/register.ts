import { registerBlockFactory } from '@sputnikjs/core';
import { syslogproducer } from './syslogproducer.js';
import { syslogreceiver } from './syslogreceiver.js';

registerBlockFactory(syslogreceiver.name, syslogreceiver);
registerBlockFactory(syslogproducer.name, syslogproducer);
