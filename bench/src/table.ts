import { median } from './measure.js';

/** The same figure, of several rounds. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What a figure is held against. */
export interface Budget {
  readonly is: 'at least' | 'at most';
  readonly bound: number;
}

/** A line of the table. */
export interface Row {
  readonly title: string;
  readonly ours: string;
  readonly baseline?: string | undefined;
  /** Of ours to the baseline, or what else is held against the budget. */
  readonly figure?: Spread | undefined;
  readonly budget?: Budget | undefined;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** The first as shares of the second, round by round. */
export function ratiosOf(ours: readonly number[], baseline: readonly number[]): Spread {
  return spreadOf(ours.map((value, round) => value / (baseline[round] ?? Number.NaN)));
}

/** `missed` if not even the best round kept the budget. */
export function verdictOn({ figure, budget }: Row): 'kept' | 'within the spread' | 'missed' | undefined {
  if (figure === undefined || budget === undefined) return undefined;
  const keeps = (value: number): boolean => (budget.is === 'at least' ? value >= budget.bound : value <= budget.bound);
  if (keeps(figure.median)) return 'kept';
  return keeps(figure.least) || keeps(figure.most) ? 'within the spread' : 'missed';
}

/** The lines of a part of the table, of a hundred and some columns. */
export function linesOf(
  heading: readonly [title: string, ours: string, baseline: string],
  rows: readonly Row[],
): readonly string[] {
  const line = (title: string, ours: string, baseline: string, figure: string, budget: string): string =>
    `${title.padEnd(58)}${ours.padStart(12)}${baseline.padStart(13)}  ${figure.padEnd(22)}${budget}`.trimEnd();
  return [
    line(...heading, 'ratio (least, most)', 'budget'),
    ...rows.map((row) => line(row.title, row.ours, row.baseline ?? '', shown(row.figure), judged(row))),
  ];
}

function shown(figure: Spread | undefined): string {
  if (figure === undefined) return '';
  const [middle, least, most] = [figure.median, figure.least, figure.most].map((value) => value.toFixed(2));
  return least === most ? `${middle}` : `${middle} (${least}, ${most})`;
}

function judged(row: Row): string {
  const { budget } = row;
  return budget ? `${budget.is} ${budget.bound}: ${verdictOn(row)}` : '';
}

export const micros = (value: number): string => `${value.toFixed(2)} µs`;
export const millis = (value: number): string => `${value.toFixed(0)} ms`;
export const megabytes = (value: number): string => `${value.toFixed(1)} MB`;
export const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
export const thousands = (perSecond: number): string => `${(perSecond / 1e3).toFixed(1)} k/s`;
export const millions = (perSecond: number): string => `${(perSecond / 1e6).toFixed(2)} M/s`;
