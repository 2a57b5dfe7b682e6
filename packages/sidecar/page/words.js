// @ts-check
// Numbers and times as people read them.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** @param {number} number */
export const count = (number) => whole.format(number);

/** In six characters at most. @param {number} number */
export const brief = (number) => (number < 10_000 ? count(number) : short.format(number).toLowerCase());

/** Messages a second. @param {number} number */
export function rate(number) {
  if (number > 0 && number < 0.05) return '< 0.1/s';
  return `${number > 0 && number < 9.95 ? number.toFixed(1) : brief(number)}/s`;
}

/** @type {readonly (readonly [ms: number, unit: string])[]} */
const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** By its two largest units, as the satellite says durations: `0.4 s`, `12 s`, `3 h 5 min`. @param {number} ms */
export function duration(ms) {
  if (ms < 9_950) return `${(Math.max(0, ms) / 1000).toFixed(1).replace('.0', '')} s`;
  const seconds = Math.round(ms / 1000) * 1000;
  const at = UNITS.findIndex(([size]) => seconds >= size);
  const [[size, unit], lesser] = [UNITS[at] ?? [1_000, 's'], UNITS[at + 1]];
  const rest = lesser ? Math.floor((seconds % size) / lesser[0]) : 0;
  return `${Math.floor(seconds / size)} ${unit}${lesser && rest > 0 ? ` ${rest} ${lesser[1]}` : ''}`;
}

/** `0.25 ms`, `12 ms`, `1.5 s`. @param {number | undefined} ms */
export function millis(ms) {
  if (ms === undefined) return '–';
  return ms >= 1000 ? duration(ms) : `${ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms)} ms`;
}

/** The time of the day; of another day with its date. @param {string | number} time */
export function timeOfDay(time) {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clock.format(date) : `${day.format(date)} ${clock.format(date)}`;
}
