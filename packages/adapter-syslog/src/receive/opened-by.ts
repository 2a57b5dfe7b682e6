import type { Address } from '@sputnikjs/messaging/net';
import { tell, type Intake } from './intake.js';
import type { Opened } from './opening.js';

/**
 * Returns the sender of a connection: the one in the PROXY header, if that is configured. Returns undefined, and counts and logs it, if the
 * connection must not be read: without the check for the header, anybody could bypass the proxy.
 */
export function openedBy({ proxyHeader }: Opened, peer: Address, intake: Intake): Address | undefined {
  const { proxyProtocol } = intake.config;
  if (proxyProtocol && proxyHeader) return proxyHeader.source ?? peer;
  // guard: who does not begin with a PROXY header is not heard
  if (proxyProtocol) {
    intake.counts.connectionsForeign++;
    const text =
      'a connection was closed: it did not begin with a header of the PROXY protocol, which "proxyProtocol" requires';
    tell(intake, 'proxyHeaderMissing', text, peer);
    return undefined;
  }
  if (proxyHeader) {
    const text =
      'a connection began with a header of the PROXY protocol, which was removed; set "proxyProtocol": true to give messages the address in it';
    tell(intake, 'proxyHeaderIgnored', text, peer);
  }
  return peer;
}
