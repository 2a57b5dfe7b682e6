const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A duration as people say it, by its two largest units: `3 h 5 min`, `12 s`, `0.4 s`. */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1).replace(/\.0$/, '')} s`;
  const seconds = Math.round(ms / 1000) * 1000;
  const at = UNITS.findIndex(([size]) => seconds >= size);
  const [size, unit] = UNITS[at] ?? [1_000, 's'];
  const [lesser, lesserUnit] = UNITS[at + 1] ?? [size, ''];
  const rest = Math.floor((seconds % size) / lesser);
  const whole = `${Math.floor(seconds / size)} ${unit}`;
  return rest > 0 && lesserUnit !== '' ? `${whole} ${rest} ${lesserUnit}` : whole;
}

/** A number and its noun: `1 message`, `1,234 messages`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
