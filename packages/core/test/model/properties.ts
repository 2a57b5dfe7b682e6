import { batches } from './properties/batches.js';
import { boot } from './properties/boot.js';
import { connecting } from './properties/connecting.js';
import { connection } from './properties/connection.js';
import { failure } from './properties/failure.js';
import { flight } from './properties/flight.js';
import { landing } from './properties/landing.js';
import { leftovers } from './properties/leftovers.js';
import { mailbox } from './properties/mailbox.js';
import { messages } from './properties/messages.js';
import { nesting } from './properties/nesting.js';
import { report } from './properties/report.js';
import { waiting } from './properties/waiting.js';
import type { Property } from './story.js';

/** The rules of flight, as statements that hold after every flight. */
export const properties: readonly Property[] = [
  ...boot,
  ...flight,
  ...failure,
  ...messages,
  ...batches,
  ...mailbox,
  ...waiting,
  ...connecting,
  ...connection,
  ...landing,
  ...report,
  ...leftovers,
  ...nesting,
];
