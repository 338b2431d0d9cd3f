import { Command, Option } from 'commander';
import type { OperationResult } from '../../../operations/registry.ts';
import { operate } from '../../operate.ts';
import { forPeople, JSON_OPTION, listInWords, pairs, print } from '../../output.ts';

type UserView = OperationResult<'user.show'>;

interface Who {
  readonly id?: string;
  readonly source?: UserView['source'];
}

const accountsInWords = ({ accounts }: UserView) =>
  accounts.map(({ number, role }) => `${number} (${role})`).join(', ');

/** A portal user in one line. */
export const inWords = (user: UserView) =>
  `${user.email}${user.disabled ? ', disabled' : ''}: ${accountsInWords(user) || 'no account'}`;

export const sourceOption = () =>
  new Option('--source <source>', 'who vouches for them').choices(['directory', 'portal', 'oidc']);
export const idOption = () =>
  new Option('--id <id>', 'who they are at their source: the portal’s own ID, or the `sub`');

/** A command about one portal user of any source. */
function oneUserCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<biller>', 'slug of the biller')
    .argument('[email]', 'email address; where several people have it, also --source or --id')
    .addOption(idOption())
    .addOption(sourceOption())
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nExamples:\n  ic-idp user ${name} riverton-water ada@example.com\n  ic-idp user ${name} riverton-water --source portal --id u-1842`,
    );
}

type Given = Who & { readonly json?: boolean };
const meant = (biller: string, email: string | undefined, { id: externalId, source }: Who) => ({
  biller,
  email,
  externalId,
  source,
});

export function listCommand(): Command {
  type Options = Given & { readonly email?: string; readonly limit: string };
  return new Command('list')
    .description('List the portal users of a biller, by email address')
    .argument('<biller>', 'slug of the biller')
    .option('--email <email>', 'only those with this email address')
    .addOption(idOption())
    .addOption(sourceOption())
    .option('--limit <number>', 'at most so many, up to 10,000', '1000')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp user list riverton-water --source portal')
    .action(async (biller: string, { email, limit, json, ...who }: Options) => {
      const users = await operate('user.list', { ...meant(biller, email, who), limit });
      print(
        users,
        json,
        listInWords(
          'There are no such portal users. Add one: ic-idp user add --help',
          ['Email', 'Source', 'ID there', 'Accounts', 'State'],
          (user) => [
            user.email,
            user.source,
            user.externalId ?? '',
            accountsInWords(user),
            user.disabled ? 'disabled' : 'enabled',
          ],
        ),
      );
      if (users.length < Number(limit)) return;
      console.error(`There may be more than these ${limit}. Find one by --email or --id, or list more with --limit.`);
    });
}

export const showCommand = () =>
  oneUserCommand('show', 'Show a portal user of any source').action(
    async (biller: string, email: string | undefined, { json, ...who }: Given) => {
      print(await operate('user.show', meant(biller, email, who)), json, (user) =>
        pairs([
          ['Email', user.email],
          ['Source', user.source],
          ...(user.externalId === null ? [] : [['ID there', user.externalId] as const]),
          ['State', user.disabled ? 'disabled' : 'enabled'],
          ['Accounts', accountsInWords(user) || 'none'],
          ['Internal ID', user.id],
        ]),
      );
    },
  );

const toggleCommand = (name: 'disable' | 'enable', description: string, done: string) =>
  oneUserCommand(name, description).action(
    async (biller: string, email: string | undefined, { json, ...who }: Given) => {
      print(await operate(`user.${name}`, meant(biller, email, who)), json, (user) => `${done} ${user.email}.`);
    },
  );

export const disableCommand = () =>
  toggleCommand('disable', 'Shut a portal user of any source out, and end their sessions', 'Disabled');
export const enableCommand = () => toggleCommand('enable', 'Let a portal user who was disabled in again', 'Enabled');

export const removeCommand = () =>
  oneUserCommand('remove', 'Remove a portal user of any source, and end their sessions').action(
    async (biller: string, email: string | undefined, { json, ...who }: Given) => {
      const result = await operate('user.remove', meant(biller, email, who));
      print(result, json, ({ removed }) => `Removed ${removed}.`);
      if (result.source === 'directory' || json === true) return;
      console.error(forPeople('The next launch of the portal adds them again. To shut them out: ic-idp user disable'));
    },
  );
