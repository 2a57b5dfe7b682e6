// @ts-check
// What state the satellite is in: a word, and a tone. Each tone has a colour and a shape: nobody needs to see colours.
import { svg } from './dom.js';
/** @import { Status } from '../src/admin/status.js' */
/** @typedef {'good' | 'warn' | 'bad' | 'calm' | 'gone'} Tone */
/** @typedef {readonly [tone: Tone, word: string]} Verdict */

/** The gravest thing that is true of it. @type {(status: Status) => Verdict} */
export function verdictOf(status) {
  const { satellite, landing, alive, server, bottleneck, lost, ready } = status;
  if (satellite.state === 'landed') return landing?.clean ? ['calm', 'Landed'] : ['bad', 'Landed, not clean'];
  if (!alive.ok) return ['bad', 'Failed'];
  if (landing !== undefined) return ['calm', 'Landing'];
  if (satellite.state !== 'flying') return ['calm', 'Starting'];
  if (server.away) return ['bad', 'Server away'];
  if (server.state === 'connecting' || server.state === 'idle') return ['calm', 'Connecting'];
  if (bottleneck !== undefined) return ['warn', 'Overloaded'];
  if (!ready.ok) return ['warn', 'Not ready'];
  return lost.total > 0 ? ['warn', 'Messages lost'] : ['good', 'Flying'];
}

/** Outlines and signs, on a field of 24 by 24. */
const SHAPES = {
  good: ['M12 1a11 11 0 1 0 0 22a11 11 0 1 0 0-22z', 'M7 12.5l3.5 3.5L17 9'],
  warn: ['M12 1.5 23.5 22H.5z', 'M12 9v6M12 18v.5'],
  bad: ['M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z', 'M8 8l8 8M16 8l-8 8'],
  calm: ['M12 .5 23.5 12 12 23.5.5 12z', 'M8 12h8M13 9l3 3-3 3'],
  gone: ['M2 2h20v20H2z', 'M8 12h8'],
};

/** @param {Tone} tone */
export function markOf(tone) {
  const [outline = '', sign = ''] = SHAPES[tone];
  const shape = { viewBox: '0 0 24 24', class: 'mark', 'data-tone': tone, 'aria-hidden': 'true' };
  return svg('svg', shape, svg('path', { d: outline }), svg('path', { d: sign, class: 'sign' }));
}
