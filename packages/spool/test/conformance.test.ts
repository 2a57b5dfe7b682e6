import { PRODUCER } from '@sputnikjs/messaging';
import { spool } from '@sputnikjs/spool';
import { blockConformance, echoBlock } from '@sputnikjs/testkit';
import { folder } from './helpers.js';

blockConformance('spool', {
  block: spool,
  neighbours: { [PRODUCER]: echoBlock() },
  config: { spool: { path: folder() } },
  connection: 'connection',
  work: (flight) => flight.to('spool').ask({ target: 't', payload: 'x' }),
});
