import { Command, Option } from 'commander';
import { API_KEY_ROLES } from '../../../core/api-keys/schema.ts';
import { operate } from '../operate.ts';
import { JSON_OPTION, listInWords, print } from '../output.ts';

const minute = (time: string | null) => time?.slice(0, 16).replace('T', ' ') ?? 'never';

function addCommand(): Command {
  type Options = { role: (typeof API_KEY_ROLES)[number]; expires?: string; json?: boolean };
  return new Command('add')
    .description('Make an API key for the portal of a biller; prints it, once')
    .argument('<biller>', 'slug of the biller')
    .addOption(
      new Option('--role <role>', 'what it may do: portal makes launches and changes portal users')
        .choices([...API_KEY_ROLES])
        .makeOptionMandatory(),
    )
    .option(
      '--expires <time>',
      'how long it is valid, in days or hours, e.g. 365d or 12h (default: it does not expire)',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Several keys are valid at the same time. To replace one: add another, let the portal use it, then revoke the first.

Example:
  ic-idp api-key add riverton-water --role portal --expires 365d`,
    )
    .action(async (biller: string, { json, ...options }: Options) => {
      print(await operate('api-key.add', { biller, ...options }), json, ({ key, expiresAt }) =>
        [
          `Key      ${key}`,
          `Expires  ${minute(expiresAt)}`,
          'Keep it like a password: it is not shown again. The portal sends it as `Authorization: Bearer <key>`.',
        ].join('\n'),
      );
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('List the API keys of a biller, also those that are over; never the keys themselves')
    .argument('<biller>', 'slug of the biller')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp api-key list riverton-water')
    .action(async (biller: string, { json }: { json?: boolean }) => {
      print(
        await operate('api-key.list', { biller }),
        json,
        listInWords(
          'There are no API keys. Make one: ic-idp api-key add --help',
          ['ID', 'Begins with', 'Role', 'State', 'Created (UTC)', 'Last used', 'Expires'],
          (key) => [
            key.id,
            key.prefix,
            key.role,
            key.state,
            ...[key.createdAt, key.lastUsedAt, key.expiresAt].map(minute),
          ],
        ),
      );
    });
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('Revoke an API key, on every instance at once')
    .argument('<biller>', 'slug of the biller')
    .argument('<id>', 'ID of the key, as listed')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp api-key revoke riverton-water 4f1d0c2b9a37')
    .action(async (biller: string, id: string, { json }: { json?: boolean }) => {
      print(await operate('api-key.revoke', { biller, id }), json, ({ revoked }) => `Revoked ${revoked}.`);
    });
}

/** `ic-idp api-key ...` */
export function apiKeyCommand(): Command {
  return new Command('api-key')
    .description('Keys for the API that portals use: add, list, revoke')
    .addHelpText('after', '\nExample:\n  ic-idp api-key list riverton-water')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}
