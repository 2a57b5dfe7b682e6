/**
 * True for `http://` and `https://` URLs without a user, a password or a fragment: what a block may be configured to send requests to.
 *
 * @example
 * import { isHttpUrl } from '@sputnikjs/messaging/net';
 * console.log(isHttpUrl('https://shop.example/hook'), isHttpUrl('https://me:secret@shop.example')); // true false
 */
export function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' && hash === '';
}

/**
 * Returns the host of a URL, an IPv6 address without its brackets.
 *
 * @example
 * import { hostOf } from '@sputnikjs/messaging/net';
 * console.log(hostOf(new URL('http://[::1]:8080/'))); // ::1
 */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
