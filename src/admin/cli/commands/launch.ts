import { Command } from 'commander';
import { operate } from '../operate.ts';
import { JSON_OPTION, pairs, print } from '../output.ts';

interface Options {
  readonly user: string;
  readonly email: string;
  readonly account: string[];
  readonly destination: string;
  readonly viewMode?: '0' | '1';
  readonly returnUrl?: string;
  readonly refreshUrl?: string;
  readonly json?: boolean;
}

const collect = (value: string, all: string[] = []) => [...all, value];

/** `ic-idp launch <biller> ...` */
export function launchCommand(): Command {
  return new Command('launch')
    .description('Make a launch as the portal’s back end would, to test it by hand: prints the address to open, once')
    .argument('<biller>', 'slug of the biller')
    .requiredOption('--user <id>', 'the portal’s own ID of the user')
    .requiredOption('--email <email>', 'email address of the user')
    .requiredOption(
      '--account <number[:role]>',
      'an account of the user; repeatable (role: owner unless given). The first one is launched',
      collect,
    )
    .option(
      '--destination <name|number>',
      'bills, paperless, autopay, payment-methods, scheduled-payments, or a DeepLinkID',
      'bills',
    )
    .option('--view-mode <0|1>', "0 full page, 1 inside an iframe (default: the biller's)")
    .option('--return-url <url>', 'the way back to the portal; its origin must be registered (--portal-url)')
    .option('--refresh-url <url>', 'where the address leads when it is used or expired; its origin must be registered')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
The user with this ID gets this email address and these accounts, as the portal would have said it.

Example:
  ic-idp launch riverton-water --user test-1 --email pat@example.com --account 101Invoice:owner`,
    )
    .action(async (biller: string, { json, account: accounts, ...options }: Options) => {
      print(await operate('launch.make', { biller, accounts, ...options }), json, ({ url, link, expiresAt }) =>
        pairs([
          ['Open', url],
          ['Leads to', link],
          ['Works once, until', expiresAt],
        ]),
      );
    });
}
