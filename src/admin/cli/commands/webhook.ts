import { Command } from 'commander';
import { operate } from '../operate.ts';
import { JSON_OPTION, print } from '../output.ts';

interface JsonOption {
  readonly json?: boolean;
}

/** `ic-idp webhook ...` */
export function webhookCommand(): Command {
  const set = new Command('set')
    .description(
      'Set where warnings of expiry and of changed Service Providers are sent; prints the secret that they are signed with, once',
    )
    .argument('<url>', 'https URL that accepts a POST with JSON')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Each delivery carries the header ic-idp-signature: t=<seconds>,v1=<hex>, where hex is the HMAC-SHA256 of
"<seconds>.<body>" under the secret (base64). Refuse what is older than five minutes.

Example:
  ic-idp webhook set https://alerts.example.com/ic-idp`,
    )
    .action(async (url: string, { json }: JsonOption) => {
      print(await operate('webhook.set', { url }), json, ({ secret }) => `Warnings go to ${url}.\nSecret  ${secret}`);
    });
  const show = new Command('show')
    .description('Show where warnings are sent')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp webhook show')
    .action(async ({ json }: JsonOption) => {
      print(await operate('webhook.show', {}), json, ({ url }) => url);
    });
  const test = new Command('test')
    .description('Send a test delivery')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp webhook test')
    .action(async ({ json }: JsonOption) => {
      const result = await operate('webhook.test', {});
      print(result, json, ({ url, sent, reason }) =>
        sent === 'delivered' ? `${url} accepted it.` : `${url} did not accept it: ${reason}.`,
      );
      if (result.sent !== 'delivered') process.exitCode = 1;
    });
  const remove = new Command('remove')
    .description('Stop sending expiry warnings')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp webhook remove')
    .action(async ({ json }: JsonOption) => {
      print(await operate('webhook.remove', {}), json, () => 'Removed.');
    });
  const command = new Command('webhook')
    .description('Where warnings are sent: set, show, test, remove')
    .addHelpText('after', '\nExample:\n  ic-idp webhook show');
  for (const one of [set, show, test, remove]) command.addCommand(one);
  return command;
}
