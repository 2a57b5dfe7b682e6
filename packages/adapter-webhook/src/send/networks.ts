import { BlockList, isIP, isIPv6 } from 'node:net';

/** Networks that are of this machine, of a site, or for special purposes (IANA's registries of special-purpose addresses). */
const PRIVATE_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;
/** All public addresses of IPv6 are in the first; in the others an address of IPv4 may hide, or they are for documents. */
const [PUBLIC_IPV6, ...PRIVATE_IPV6] = [
  ['2000::', 3],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const privateIpv4 = new BlockList();
for (const [net, prefix] of PRIVATE_IPV4) privateIpv4.addSubnet(net, prefix, 'ipv4');
const publicIpv6 = new BlockList();
publicIpv6.addSubnet(...PUBLIC_IPV6, 'ipv6');
const privateIpv6 = new BlockList();
for (const [net, prefix] of PRIVATE_IPV6) privateIpv6.addSubnet(net, prefix, 'ipv6');

/** Returns what is wrong with an address or a network as in `10.1.0.0/16`; undefined if nothing. */
export function networkProblem(text: string): string | undefined {
  const [address = '', prefix = '0', ...more] = text.split('/');
  const most = isIPv6(address) ? 128 : 32;
  const fits = isIP(address) > 0 && more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= most;
  return fits ? undefined : 'is neither an address nor a network, such as 10.1.2.3 or 10.1.0.0/16';
}

/** Says which addresses requests may go to: public ones, and those in the networks that are allowed. */
export function addressFilter(allowed: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of allowed) {
    const [address = '', prefix] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return (address) => {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    // guard: what the operator allows is allowed
    if (list.check(address, family)) return true;
    // guard: private addresses of IPv4 are refused
    if (family === 'ipv4') return isIP(address) > 0 && !privateIpv4.check(address, family);
    // guard: private addresses of IPv6 are refused
    return publicIpv6.check(address, family) && !privateIpv6.check(address, family);
  };
}
