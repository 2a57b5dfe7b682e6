import type { ConsumedMessage } from '../contract.js';

/** Has the names of all bridges that a message has passed. */
export const BRIDGES = 'Sputnik-Bridges';

type Headers = Readonly<Record<string, string>>;

const IS_BRIDGES = new RegExp(`^${BRIDGES}$`, 'i');
/** Headers that are a server's own, or that not all servers take. */
const SERVERS_OWN = /^(nats-.*|content-type|b?cc|x-death|x-(first|last)-death-.*|x-delivery-count)$/i;

/** The bridges that a message has passed, in that order. */
export function bridgesOf({ headers = {} }: ConsumedMessage): readonly string[] {
  const [, value = ''] = Object.entries(headers).find(([name]) => IS_BRIDGES.test(name)) ?? [];
  return value.split(',').flatMap((name) => name.trim() || []);
}

/** Those of its headers that all servers carry which carry any; and how many others it has. */
export function portable(headers: Headers = {}): { readonly carried: Headers; readonly left: number } {
  const own = Object.entries(headers).filter(([name]) => !IS_BRIDGES.test(name));
  const carried = own.filter(([name, value]) => isName(name) && isLine(value));
  return { carried: Object.fromEntries(carried), left: own.length - carried.length };
}

function isName(name: string): boolean {
  return /^[!-9;-~]{1,255}$/.test(name) && !SERVERS_OWN.test(name);
}

/** True for what can stand in a header as it is. */
export function isLine(text: string): boolean {
  return !/[\r\n\0\p{Surrogate}]/u.test(text) && text === text.trim();
}
