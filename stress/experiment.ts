import type { DatabaseKind } from '../bench/installation.ts';
import type { Chance } from './chance.ts';

export type { DatabaseKind };

/** One thing that an experiment found out. */
export interface Fact {
  readonly what: string;
  readonly figure: string;
  /** Whether the promise was kept; undefined for a figure that nothing is promised about. */
  readonly kept: boolean | undefined;
}

interface Conditions {
  readonly database: DatabaseKind;
  readonly chance: Chance;
  /** How long an experiment runs that could go on forever. */
  readonly minutes: number;
  /** Says what is being done. */
  readonly progress: (text: string) => void;
}

/** Puts the service under stress in one way, with real parts. What it starts has ended when it is done. */
export interface Experiment {
  readonly name: string;
  readonly purpose: string;
  readonly databases: readonly DatabaseKind[];
  /** @throws CannotRun */
  run(conditions: Conditions): Promise<Fact[]>;
}

/** This machine lacks what the experiment needs. */
export class CannotRun extends Error {}

const number = (value: number, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const amount = (value: number, unit: string) =>
  Number.isFinite(value) ? `${number(value, unit === 's' ? 1 : 0)} ${unit}`.trimEnd() : 'never';

/** A figure that nothing is promised about. */
export const measured = (what: string, value: number, unit: string): Fact => ({
  what,
  figure: amount(value, unit),
  kept: undefined,
});

/**
 * Promises that something never happens. If there was no occasion for it, that proves nothing.
 *
 * @param which what happened nonetheless
 */
export const none = (what: string, count: number, occasions: number, which = ''): Fact => ({
  what,
  figure: `${number(count)} of ${number(occasions)}${which === '' ? '' : `: ${which}`}`,
  kept: count === 0 && occasions > 0,
});

/** Promises that something always happens. */
export const all = (what: string, count: number, occasions: number): Fact => ({
  what,
  figure: `${number(count)} of ${number(occasions)}`,
  kept: count === occasions && occasions > 0,
});

/** Promises a limit. */
export const atMost = (what: string, value: number, limit: number, unit: string): Fact => ({
  what,
  figure: `${amount(value, unit)} (at most ${number(limit)})`,
  kept: value <= limit,
});
