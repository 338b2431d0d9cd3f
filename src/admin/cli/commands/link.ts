import { Command } from 'commander';
import { operate } from '../operate.ts';
import { JSON_OPTION, print } from '../output.ts';

interface LinkOptions {
  readonly account: string;
  readonly destination: string;
  readonly viewMode?: '0' | '1';
  readonly json?: boolean;
}

/** `ic-idp link <biller> ...` */
export function linkCommand(): Command {
  return new Command('link')
    .description('Print a redirect link, to test a biller or to put on a portal page')
    .argument('<biller>', 'slug of the biller')
    .requiredOption('--account <number>', 'account number')
    .option(
      '--destination <name|number>',
      'bills, paperless, autopay, payment-methods, scheduled-payments, or a DeepLinkID',
      'bills',
    )
    .option('--view-mode <0|1>', "0 full page, 1 inside an iframe (default: the biller's)")
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExample:\n  ic-idp link riverton-water --account 101Invoice --destination autopay --view-mode 0',
    )
    .action(async (slug: string, { json, ...options }: LinkOptions) => {
      print(await operate('biller.link', { slug, ...options }), json, ({ link }) => link);
    });
}
