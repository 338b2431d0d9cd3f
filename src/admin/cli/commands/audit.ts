import { Command } from 'commander';
import type { OperationInput } from '../../operations/registry.ts';
import { operate } from '../operate.ts';
import { JSON_OPTION, listInWords, print } from '../output.ts';

type Filters = OperationInput<'audit.list'>;

const detailsInWords = (details: Readonly<Record<string, unknown>>) =>
  Object.entries(details)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ');

/** `ic-idp audit` */
export function auditCommand(): Command {
  return new Command('audit')
    .description('List audit events, newest first; all given filters must match')
    .option('--biller <slug>', 'events of this biller')
    .option('--email <email>', 'events of the portal user with this email address')
    .option('--account <number>', 'events about this account; needs --biller')
    .option('--login-type <number>', 'assertions with this LoginType; needs --account')
    .option('--address <address>', 'events of clients with this IP address or in this network, e.g. 203.0.113.0/24')
    .option('--user <id>', 'events of the portal user with this internal ID')
    .option('--event <name>', 'events of this name, e.g. assertion.issued')
    .option('--reference <reference>', 'the reference on an error page')
    .option('--request <id>', 'ID of the AuthnRequest')
    .option('--assertion <id>', 'ID of the assertion')
    .option('--since <time>', 'at or after this date or time (UTC)')
    .option('--before <id>', 'older than the event with this ID, for paging')
    .option('--limit <number>', 'maximum number of events', '50')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExample:\n  ic-idp audit --biller riverton-water --event sign_on.refused --since 2026-03-01',
    )
    .action(async ({ json, ...filters }: Filters & { json?: boolean }) => {
      print(
        await operate('audit.list', filters),
        json,
        listInWords(
          'No event matches.',
          ['Id', 'Time (UTC)', 'Event', 'Biller', 'Address', 'Reference', 'Details'],
          (event) => [
            String(event.id),
            event.at.slice(0, 19).replace('T', ' '),
            event.event,
            event.biller ?? '',
            event.address ?? '',
            event.reference,
            detailsInWords(event.details),
          ],
        ),
      );
    });
}
