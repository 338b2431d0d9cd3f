import { Command } from 'commander';
import type { OperationResult } from '../../../operations/registry.ts';
import { operate } from '../../operate.ts';
import { JSON_OPTION, listInWords, pairs, print, table } from '../../output.ts';

type StatusRow = OperationResult<'key.status'>[number];

const time = (milliseconds: number | string) => new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ');
/** The client did not take the document whole. */
const CUT_OFF = 499;
const short = (fingerprint: string) => fingerprint.slice(0, 16);

const keyInWords = (key: StatusRow['active']) =>
  key === null
    ? 'none'
    : `${short(key.fingerprint)}…  ${key.key_type}${key.module_label === null ? '' : ' in the HSM'}, since ${time(key.since)}, valid to ${time(key.not_after).slice(0, 10)}`;

const fetchInWords = (fetch: StatusRow['last_fetch']) =>
  fetch === null
    ? 'never'
    : `${time(fetch.at)} from ${fetch.address}, ${fetch.client === '' ? 'no User-Agent' : fetch.client}`;

/** The certificates that the Service Provider has, as far as its fetches show. */
function held({ last_fetch, active, staged }: StatusRow): string {
  if (last_fetch === null) return 'unknown: it has not fetched the metadata';
  const [first] = last_fetch.certificates;
  const names = [
    ...(active !== null && last_fetch.certificates.includes(active.fingerprint) ? ['the active one'] : []),
    ...(staged !== null && last_fetch.certificates.includes(staged.fingerprint) ? ['the staged one'] : []),
  ];
  const shown =
    names.length === 0 ? `only ${short(first ?? '')}…, which is neither active nor staged` : names.join(' and ');
  return `was last shown ${shown}`;
}

const SAID = {
  accepted: 'Invoice Cloud accepted a sign-on with it',
  refused: 'Invoice Cloud refused a sign-on with it',
} as const;

const trustOf = (key: NonNullable<StatusRow['active']>) =>
  key.trust === null ? 'not known' : `${SAID[key.trust]} (${time(key.trust_at ?? 0)})`;

/** What is known about sign-ons with each key, as opposed to what was shown. */
function trusted({ active, staged }: StatusRow): string {
  const parts = [
    ...(active === null ? [] : [`the active one: ${trustOf(active)}`]),
    ...(staged === null ? [] : [`the staged one: ${trustOf(staged)}`]),
  ];
  return parts.length === 0 ? 'no key' : parts.join('; ');
}

function canaryInWords({ canary }: StatusRow): string {
  if (canary === null) return 'none';
  const { user, since, sign_ons, last_sign_on } = canary;
  const signed =
    last_sign_on === null
      ? 'no sign-on yet'
      : `${sign_ons} ${sign_ons === 1 ? 'sign-on' : 'sign-ons'}, the last one ${time(last_sign_on)}`;
  return `${user} since ${time(since)}: ${signed}`;
}

/** Whether the staged key is proven, for a column. */
const proof = ({ staged, canary }: StatusRow) => staged?.trust ?? (canary === null ? 'no' : 'canary');

const answer = ({ verdict: { safe, unconfirmed } }: StatusRow) => (safe ? 'YES' : unconfirmed ? 'CONFIRM' : 'no');

const statusInWords = (row: StatusRow) =>
  pairs([
    ['Biller', row.slug],
    ['Rotation', row.rotation],
    ['Active', keyInWords(row.active)],
    ['Staged', keyInWords(row.staged)],
    ['Retiring', keyInWords(row.retiring)],
    ['Last fetch', fetchInWords(row.last_fetch)],
    ['Service Provider', held(row)],
    [
      'Seen',
      row.staged === null
        ? 'no key is staged'
        : `${row.seen} ${row.seen === 1 ? 'fetch was' : 'fetches were'} shown the staged one`,
    ],
    ['Trusted', trusted(row)],
    ['Canary', canaryInWords(row)],
    ['Safe to activate?', `${answer(row)}. ${row.verdict.sentence}`],
  ]);

const statusTable = (rows: readonly StatusRow[]) =>
  table(
    ['Biller', 'Rotation', 'Active to', 'Staged', 'Retiring', 'Seen', 'Proven', 'Safe to activate?'],
    rows.map((row) => [
      row.slug,
      row.rotation,
      row.active === null ? 'NONE' : time(row.active.not_after).slice(0, 10),
      row.staged === null ? '' : short(row.staged.fingerprint),
      row.retiring === null ? '' : short(row.retiring.fingerprint),
      row.staged === null ? '' : String(row.seen),
      row.staged === null ? '' : proof(row),
      row.staged === null ? '' : answer(row),
    ]),
  );

/** `ic-idp key status` */
export function statusCommand(): Command {
  return new Command('status')
    .description(
      'Show what the Service Provider was shown, what it is known to trust, and whether it is safe to activate',
    )
    .argument('[biller...]', 'slugs of the billers; all if they are left out')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp key status riverton-water')
    .action(async (billers: string[], options: { json?: boolean }) => {
      const rows = await operate('key.status', billers.length === 0 ? {} : { billers });
      print(rows, options.json, (all) => {
        const [first] = all;
        if (first === undefined) return 'There are no billers.';
        return all.length === 1 ? statusInWords(first) : statusTable(all);
      });
    });
}

const stepInWords = ({ step, proven }: OperationResult<'key.plan'>[number]) =>
  proven === null ? step : `${step}, ${proven ? 'proven' : 'not proven'}`;

/** `ic-idp key plan` */
export function planCommand(): Command {
  return new Command('plan')
    .description('Plan the year ahead: which certificates expire, and when to start their rotation')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp key plan')
    .action(async (options: { json?: boolean }) => {
      print(
        await operate('key.plan', {}),
        options.json,
        listInWords(
          'No active certificate expires within the next year.',
          ['Biller', 'Begin', 'Expires', 'Days left', 'Status'],
          (row) => [
            row.biller,
            row.begin.slice(0, 10),
            row.expires.slice(0, 10),
            String(row.daysLeft),
            stepInWords(row),
          ],
        ),
      );
    });
}

/** `ic-idp key fetches` */
export function fetchesCommand(): Command {
  return new Command('fetches')
    .description('List who has fetched the metadata of a biller, with which certificates')
    .argument('<biller>', 'slug of the biller')
    .option('--days <number>', 'how far back', '30')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp key fetches riverton-water --days 90')
    .action(async (biller: string, options: { days: string; json?: boolean }) => {
      print(
        await operate('key.fetches', { biller, days: options.days }),
        options.json,
        listInWords(
          'No one has fetched it.',
          ['Last (UTC)', 'Times', 'From', 'Status', 'Who', 'Certificates', 'User-Agent'],
          (row) => [
            time(row.at),
            String(row.count),
            row.address,
            row.status === CUT_OFF ? 'cut off' : String(row.status),
            row.known ? 'Service Provider' : row.monitor ? 'not counted' : 'unknown',
            row.certificates.map(short).join(' '),
            row.client,
          ],
        ),
      );
    });
}
