import { PRODUCER } from '@sputnikjs/messaging';
import { spool } from '@sputnikjs/spool';
import { blockConformance, echoBlock, type TestFlight } from '@sputnikjs/testkit';
import { folder } from './helpers.js';

const stores = (flight: Pick<TestFlight, 'to'>): Promise<unknown> =>
  flight.to('spool').ask({ target: 't', payload: 'x' });

blockConformance('spool', {
  block: spool,
  neighbours: { [PRODUCER]: echoBlock() },
  config: { spool: { path: folder() } },
  connection: 'connection',
  work: stores,
  places: { module: '@sputnikjs/spool', work: stores },
});
