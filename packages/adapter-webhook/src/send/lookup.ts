import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** No address of a host may be used. */
export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';

  constructor(host: string, addresses: readonly string[]) {
    const advice = 'list its network in "allowedNetworks" if requests may go there';
    super(`${host} is ${addresses.join(', ')}, which is not public; ${advice}`);
  }
}

/** Finds the addresses of a host, all of them. */
export type Resolve = (
  host: string,
  options: { readonly all: true; readonly family: number; readonly hints: number },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A look-up for `net.connect` that returns only addresses that `isAllowed`. The connection goes to what was checked: a name that stands for
 * another address a moment later changes nothing.
 */
export function checkedLookup(
  isAllowed: (address: string) => boolean,
  resolve: Resolve = systemLookup,
): LookupFunction {
  return (host, { all, family, hints = 0 }, callback) => {
    resolve(host, { all: true, family: familyOf(family), hints }, (error, found) => {
      if (error) return callback(error, []);
      // guard: a name that stands for a private address is refused
      const allowed = found.filter(({ address }) => isAllowed(address));
      const [first] = allowed;
      if (first === undefined) {
        const addresses = found.map(({ address }) => address);
        return callback(new AddressRefused(host, addresses), []);
      }
      if (all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function familyOf(family: number | string | undefined): number {
  return family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : Number(family ?? 0);
}
