import { Command } from 'commander';
import type { OperationResult } from '../../../operations/registry.ts';
import { operate } from '../../operate.ts';
import { JSON_OPTION, listInWords, print } from '../../output.ts';

type KeyRow = OperationResult<'key.list'>[number];

const DESTROYED = ['retired', 'revoked'];
/** Where the private key is. */
const keptIn = ({ state, moduleLabel }: KeyRow) =>
  DESTROYED.includes(state) ? '' : moduleLabel === null ? 'database' : 'module';

/** `ic-idp key list` */
export function listCommand(): Command {
  return new Command('list')
    .description('List signing keys with their certificates')
    .argument('[biller]', 'slug of the biller; all if it is left out')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp key list riverton-water')
    .action(async (biller: string | undefined, options: { json?: boolean }) => {
      print(
        await operate('key.list', { biller }),
        options.json,
        listInWords(
          'There are no signing keys. A biller gets one when it is added.',
          ['Biller', 'State', 'Type', 'Kept in', 'Valid to', 'SHA-256 of the certificate'],
          (key) => [key.biller, key.state, key.keyType, keptIn(key), key.notAfter.slice(0, 10), key.fingerprint],
        ),
      );
    });
}
