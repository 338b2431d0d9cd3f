import { hash, X509Certificate } from 'node:crypto';
import type { Biller } from './biller.ts';

/** The parts of a biller that can be changed. */
export type BillerState = Pick<Biller, 'name' | 'serviceProvider' | 'settings'>;

/** One difference, in words. */
export interface Difference {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

function certificateInWords(certificate: string): string {
  const { fingerprint256, validTo, subject } = new X509Certificate(Buffer.from(certificate, 'base64'));
  return `${subject.replaceAll('\n', ', ')}, valid to ${validTo}, SHA-256 ${fingerprint256}`;
}

/** For JSON.stringify: the order of keys in an object is meaningless, and jsonb changes it. */
function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function inWords(what: string, value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (/Certificates$/.test(what)) {
    const all = (value as string[]).map(certificateInWords);
    return all.length === 0 ? 'none' : all.join('; ');
  }
  if (what === 'acs') {
    const all = value as Biller['serviceProvider']['acs'];
    return all.map(({ url, index, isDefault }) => `${index}: ${url}${isDefault ? ' (default)' : ''}`).join('; ');
  }
  return typeof value === 'string' ? value : JSON.stringify(value, inOrder);
}

function compare(before: object, after: object): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((what) => {
    const [one, other] = [before, after].map((state) => inWords(what, (state as Record<string, unknown>)[what]));
    return one === other || one === undefined || other === undefined ? [] : [{ what, before: one, after: other }];
  });
}

/** @returns what differs, Service Provider first */
export function differencesOf(before: BillerState, after: BillerState): Difference[] {
  return [
    ...compare(before.serviceProvider, after.serviceProvider),
    ...compare({ name: before.name }, { name: after.name }),
    ...compare(before.settings, after.settings),
  ];
}

/** Identifies a state, to detect a concurrent change. */
export function stateTag({ name, serviceProvider, settings }: BillerState): string {
  return hash('sha256', JSON.stringify([name, serviceProvider, settings]), 'hex').slice(0, 16);
}
