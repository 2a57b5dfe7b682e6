import { registerBlockFactory } from '@sputnikjs/core';
import { syslogproducer } from './syslogproducer.js';
import { syslogreceiver } from './syslogreceiver.js';
import { syslogwriter } from './syslogwriter.js';

registerBlockFactory(syslogreceiver.name, syslogreceiver);
registerBlockFactory(syslogproducer.name, syslogproducer);
registerBlockFactory(syslogwriter.name, syslogwriter);
