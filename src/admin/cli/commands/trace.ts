import { Command } from 'commander';
import type { OperationResult } from '../../operations/registry.ts';
import { checkLines } from '../check-results.ts';
import { operate } from '../operate.ts';
import { JSON_OPTION, pairs, print } from '../output.ts';

function inWords({ reference, biller, at, trace }: OperationResult<'trace.show'>): string {
  const lines = pairs([
    ['Reference', reference],
    ['Time (UTC)', at.slice(0, 19).replace('T', ' ')],
    ['Biller', biller ?? 'none'],
    ['Error', trace.code],
    ['Message', trace.sentence],
    ['Detail', trace.detail],
    ...(trace.binding === undefined ? [] : ([['Binding', trace.binding]] as const)),
    ...(trace.relayStateBytes === undefined ? [] : ([['RelayState', `${trace.relayStateBytes} bytes`]] as const)),
  ]);
  const message =
    trace.message === undefined ? '' : `\n\nMessage\n${trace.message.map((line) => `  ${line}`).join('\n')}`;
  return `${lines}\n\nChecks\n${checkLines(trace.checks)}${message}`;
}

/** `ic-idp trace <reference>` */
export function traceCommand(): Command {
  return new Command('trace')
    .description('Show how a sign-on failed, by the reference on its error page; kept for a week')
    .argument('<reference...>', 'the three words, with hyphens or spaces')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp trace maple-otter-lantern')
    .action(async (words: string[], { json }: { json?: boolean }) => {
      print(await operate('trace.show', { reference: words.join('-') }), json, inWords);
    });
}
