import { Command } from 'commander';
import { operate } from '../operate.ts';
import { JSON_OPTION, pairs, print } from '../output.ts';

function statusCommand(): Command {
  return new Command('status')
    .description('Show how many secrets are sealed with which master key')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp master-key status')
    .action(async (options: { json?: boolean }) => {
      print(await operate('master-key.status', {}), options.json, ({ keys, current, other }) =>
        pairs([
          ['Master keys (check values)', keys.join(', ')],
          ['Sealed with the first', String(current)],
          ['Sealed with another', String(other)],
        ]),
      );
    });
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description('Seal every secret with the new master key; safe to interrupt and rerun, without downtime')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Embedded: the new key is made here and kept in certs/master.key. Back the file up again.
With MASTER_KEY: set it to the new and the old key, separated by a comma, for every instance; then run this; then
take the old key away.

Example:
  ic-idp master-key rotate`,
    )
    .action(async (options: { json?: boolean }) => {
      print(await operate('master-key.rotate', {}), options.json, ({ resealed, embedded }) =>
        embedded
          ? `${resealed} secrets are sealed with the new master key in certs/master.key. Back it up.`
          : `${resealed} secrets are sealed with the new master key. Remove the old one from MASTER_KEY now.`,
      );
    });
}

/** `ic-idp master-key ...` */
export function masterKeyCommand(): Command {
  return new Command('master-key')
    .description('The master key that seals private keys: status, rotate')
    .addHelpText('after', '\nExample:\n  ic-idp master-key status')
    .addCommand(statusCommand())
    .addCommand(rotateCommand());
}
