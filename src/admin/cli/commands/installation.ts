import { Command, Option } from 'commander';
import { InputError } from '../../../platform/errors/idp-error.ts';
import type { OperationResult } from '../../operations/registry.ts';
import { operate } from '../operate.ts';
import { pairs, print, table } from '../output.ts';

type Installation = OperationResult<'installation.show'>;

function inWords({ publicUrl, database, version, masterKeys, instances }: Installation): string {
  const facts = pairs([
    ['Public address', publicUrl],
    ['Database', database],
    ['Version', version],
    ['Master keys', masterKeys.join(', ')],
  ]);
  if (instances.length === 0) return `${facts}\n\nNo instance of the service is running.`;
  const rows = instances.map(({ host, pid, version: its, masterKeys: keys, startedAt, seenAt }) => [
    ...[host, String(pid), its, keys.join(', ')],
    ...[startedAt.slice(0, 19), seenAt.slice(0, 19)],
  ]);
  return `${facts}\n\n${table(['Host', 'Process', 'Version', 'Master keys', 'Started (UTC)', 'Last seen'], rows)}`;
}

function moveCommand(): Command {
  return new Command('move')
    .description('Change the public address; every instance is then started again with the new PUBLIC_URL')
    .argument('<origin>', 'the new PUBLIC_URL')
    .addOption(
      new Option(
        '--entity-ids <which>',
        'keep: billers stay known to Service Providers by the old Entity IDs; new: they are the new metadata URLs, and every Service Provider must be told',
      )
        .choices(['keep', 'new'])
        .default('keep'),
    )
    .option('--yes', 'confirm: the SSO Service URL, Metadata URL and links of every biller change')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
What it means: Service Providers send portal users to the SSO Service URL that they were given, and portals link to the old
address. Keep the old address working (a redirect is not enough for HTTP-POST) until all of them have the new values:
"ic-idp biller show" prints them for each biller.

Example:
  ic-idp installation move https://sso.riverton.example --yes`,
    )
    .action(
      async (
        address: string,
        { entityIds, yes, json }: { entityIds: 'keep' | 'new'; yes?: boolean; json?: boolean },
      ) => {
        if (yes !== true) {
          throw new InputError(
            'This changes the SSO Service URL and the Metadata URL of every biller. Nothing was done; confirm it with --yes. `ic-idp installation move --help` says what it means.',
          );
        }
        print(await operate('installation.move', { address, entityIds }), json, ({ from, to, billers }) =>
          entityIds === 'keep'
            ? `The address is ${to} now. ${billers} billers keep the Entity ID that begins with ${from}. Set PUBLIC_URL=${to} and start every instance again.`
            : `The address is ${to} now, and all ${billers} billers have new Entity IDs. Set PUBLIC_URL=${to}, start every instance again, and give every Service Provider the new metadata.`,
        );
      },
    );
}

/** `ic-idp installation ...` */
export function installationCommand(): Command {
  return new Command('installation')
    .description('The installation itself: show, move')
    .addHelpText('after', '\nExample:\n  ic-idp installation show')
    .addCommand(
      new Command('show')
        .description('Show the public address, the version, the master keys, and the running instances')
        .option('--json', 'print the result as JSON')
        .addHelpText('after', '\nExample:\n  ic-idp installation show')
        .action(async ({ json }: { json?: boolean }) => print(await operate('installation.show', {}), json, inWords)),
    )
    .addCommand(moveCommand());
}
