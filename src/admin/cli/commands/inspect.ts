import { text as readAll } from 'node:stream/consumers';
import { Command } from 'commander';
import { InputError } from '../../../platform/errors/idp-error.ts';
import type { OperationResult } from '../../operations/registry.ts';
import { checkLines } from '../check-results.ts';
import { operate } from '../operate.ts';
import { JSON_OPTION, print } from '../output.ts';

const inWords = ({ kind, binding, biller, message, checks }: OperationResult<'inspect'>) =>
  `${kind} by ${binding}, biller ${biller}\n\nChecks\n${checkLines(checks)}\n\nMessage\n${message.map((line) => `  ${line}`).join('\n')}`;

async function readGiven(given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  if (process.stdin.isTTY) {
    throw new InputError('Nothing to inspect was given. Pass it as the argument, or on standard input.');
  }
  return readAll(process.stdin);
}

/** `ic-idp inspect` */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('Explain a SAMLRequest or SAMLResponse check by check')
    .argument('[message]', 'XML, base64, a form body or a whole URL; without it, standard input is read')
    .option('--biller <slug>', 'the biller that it is for, if the message does not name one')
    .option('--show-values', 'show personal data instead of masking it')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      "\nExample:\n  ic-idp inspect 'https://sso.example.com/saml/riverton-water/sso?SAMLRequest=...'\n  ic-idp inspect --biller riverton-water < response.txt",
    )
    .action(async (given: string | undefined, options: { biller?: string; showValues?: boolean; json?: boolean }) => {
      const input = { text: await readGiven(given), biller: options.biller, showValues: options.showValues };
      print(await operate('inspect', input), options.json, inWords);
    });
}
