import { Command } from 'commander';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import { operate } from '../../operate.ts';
import { JSON_OPTION, print, printWarnings } from '../../output.ts';
import { readStandardInput } from '../../read-input.ts';

import { disableCommand, enableCommand, inWords, listCommand, removeCommand, showCommand } from './any-source.ts';
import { importCommand } from './import/import.ts';

const collect = (value: string, all: string[] = []) => [...all, value];
/** The password from the option, or else the first line of standard input. */
async function readPassword(option: string | undefined): Promise<string> {
  if (option !== undefined) return option;
  const line = await readStandardInput();
  if (line !== '') return line;
  throw new InputError(
    'The password is missing: give it on standard input (e.g. from a file: `< password.txt`), or with --password.',
  );
}

function addCommand(): Command {
  return new Command('add')
    .description('Add a portal user to the embedded directory; the password is read from standard input')
    .argument('<biller>', 'slug of the biller')
    .argument('<email>', 'email address')
    .option('--account <number[:role]>', 'an account of the user; repeatable (role: owner unless given)', collect)
    .option(
      '--password <password>',
      'the password, if standard input cannot be used; other users may see it in the process list',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExample:\n  ic-idp user add riverton-water ada@example.com --account 101Invoice:owner --account 202Invoice:co-owner < password.txt',
    )
    .action(
      async (biller: string, email: string, options: { account?: string[]; password?: string; json?: boolean }) => {
        const password = await readPassword(options.password);
        const result = await operate('user.add', { biller, email, password, accounts: options.account ?? [] });
        printWarnings(result);
        print(result, options.json, (user) => `Added ${inWords(user)}.`);
      },
    );
}

function updateCommand(): Command {
  type Options = {
    email?: string;
    account?: string[];
    password?: string;
    passwordStdin?: boolean;
    disable?: boolean;
    enable?: boolean;
    json?: boolean;
  };
  return new Command('update')
    .description('Change a portal user of the embedded directory; given accounts replace the existing ones')
    .argument('<biller>', 'slug of the biller')
    .argument('<email>', 'email address')
    .option('--email <new>', 'a new email address; they stay the same person at Invoice Cloud, and sign in again')
    .option('--account <number[:role]>', 'an account of the user; repeatable', collect)
    .option('--password <password>', 'a new password')
    .option('--password-stdin', 'read a new password from standard input')
    .option('--disable', 'block sign-in and end all sessions')
    .option('--enable', 'allow sign-in again')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp user update riverton-water ada@example.com --disable')
    .action(async (biller: string, email: string, options: Options) => {
      if (options.disable && options.enable) throw new InputError('Give either --disable or --enable, not both.');
      const password = options.passwordStdin ? await readPassword(options.password) : options.password;
      const disabled = options.disable ? true : options.enable ? false : undefined;
      const changes = { newEmail: options.email, password, accounts: options.account, disabled };
      const result = await operate('user.update', { biller, email, ...changes });
      printWarnings(result);
      print(result, options.json, (user) => `Changed ${inWords(user)}.`);
    });
}

function resetPasswordCommand(): Command {
  return new Command('reset-password')
    .description('Print a one-time link with which a portal user sets a new password; the old one works until then')
    .argument('<biller>', 'slug of the biller')
    .argument('<email>', 'email address')
    .option('--hours <number>', 'how long the link is valid', '24')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp user reset-password riverton-water ada@example.com')
    .action(async (biller: string, email: string, options: { hours: string; json?: boolean }) => {
      print(
        await operate('user.reset-password', { biller, email, hours: options.hours }),
        options.json,
        ({ email: whose, url, expiresAt }) =>
          `Give this link to ${whose}, and to nobody else. It works once, until ${expiresAt.slice(0, 16).replace('T', ' ')} UTC:\n  ${url}`,
      );
    });
}

/** `ic-idp user ...` */
export function userCommand(): Command {
  return new Command('user')
    .description('Portal users: add, import, update, reset-password, list, show, disable, enable, remove')
    .addHelpText('after', '\nExample:\n  ic-idp user list riverton-water')
    .addCommand(addCommand())
    .addCommand(importCommand())
    .addCommand(updateCommand())
    .addCommand(resetPasswordCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(disableCommand())
    .addCommand(enableCommand())
    .addCommand(removeCommand());
}
