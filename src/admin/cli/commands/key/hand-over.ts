import { Command } from 'commander';
import type { OperationResult } from '../../../operations/registry.ts';
import { writeCsv } from '../../csv/write-csv.ts';
import { forBillers, type ManyOptions, manyCommand, sentenceOf } from './for-billers.ts';

type HandedOver = OperationResult<'key.hand-over'>;

const collect = (value: string, all: string[] = []) => [...all, value];

const inWords = ({ name, billerGuid, url, expiresAt, metadataUrl }: HandedOver) => `${name}, BillerGUID ${billerGuid}
  Hand this address to Invoice Cloud, to save in the biller's form in place of the metadata URL (until ${expiresAt.slice(0, 16)} UTC):
  ${url}
  Do not open it yourself. It stops working then: once it was fetched, the form must have the lasting URL again:
  ${metadataUrl}`;

const COLUMNS = ['slug', 'name', 'guid', 'one-time-url', 'expires', 'metadata-url'];

/** One row for each biller, for the mail to Invoice Cloud. */
const asCsv = (all: readonly HandedOver[]) =>
  writeCsv(
    COLUMNS,
    all.map(({ biller, name, billerGuid, url, expiresAt, metadataUrl }) => [
      biller,
      name,
      billerGuid,
      url,
      expiresAt,
      metadataUrl,
    ]),
  );

/** `ic-idp key hand-over` */
export function handOverCommand(): Command {
  return manyCommand(
    new Command('hand-over').description(
      'Create a one-time metadata URL, which activates the staged key when the Service Provider fetches it',
    ),
  )
    .option('--hours <number>', 'how long the URL is valid', '72')
    .option('--from <network>', 'only a fetch from this address or network counts; repeatable', collect)
    .option('--csv', 'print the addresses as CSV, with name and BillerGUID')
    .addHelpText(
      'after',
      '\nExamples:\n  ic-idp key hand-over riverton-water --from 203.0.113.0/24\n  ic-idp key hand-over --all --csv > hand-over.csv',
    )
    .action((slugs: string[], options: ManyOptions & { hours: string; from?: string[]; csv?: boolean }) =>
      forBillers(slugs, options, 'key.hand-over', { hours: options.hours, networks: options.from }, inWords, {
        csv: options.csv === true ? asCsv : undefined,
      }),
    );
}

/** `ic-idp key lasting-url` */
export function lastingUrlCommand(): Command {
  return manyCommand(
    new Command('lasting-url').description(
      'Say that Invoice Cloud’s form has the lasting metadata URL again, after a one-time URL; ends doctor’s reminder',
    ),
  )
    .addHelpText('after', '\nExample:\n  ic-idp key lasting-url riverton-water')
    .action((slugs: string[], options: ManyOptions) => forBillers(slugs, options, 'key.lasting-url', {}, sentenceOf));
}
