import { Command } from 'commander';
import type { KeyType } from '../../../../core/keys/key-types.ts';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import { keyTypeOption } from '../../options/key-type-option.ts';
import { readBytes } from '../../read-input.ts';
import { forBillers, type ManyOptions, manyCommand } from './for-billers.ts';

interface StageOptions extends ManyOptions {
  readonly keyType?: KeyType;
  /** --module, --no-module, or neither. */
  readonly module?: boolean;
  readonly moduleLabel?: string;
  readonly certificate?: string;
}

const sentenceOf = ({ sentence }: { readonly sentence: string }) => sentence;

/** A key pair that is already in the HSM belongs to one biller. */
async function stageFromModule(slugs: string[], options: StageOptions, label: string): Promise<void> {
  if (options.all === true || slugs.length !== 1) throw new InputError('--module-label needs exactly one biller.');
  if (options.module === false || options.keyType !== undefined) {
    throw new InputError('--module-label names an existing key: give neither --no-module nor --key-type with it.');
  }
  const file = options.certificate;
  const certificate = file && (await readBytes('--certificate', file)).toString('base64');
  await forBillers(slugs, options, 'key.take-from-module', { label, certificate }, sentenceOf);
}

/** `ic-idp key stage` */
export function stageCommand(): Command {
  return manyCommand(new Command('stage').description('Create a key and publish it beside the active one'))
    .addOption(keyTypeOption('kind of the key (default: RSA-2048)'))
    .option('--module', 'make it in the hardware security module (HSM), which it never leaves')
    .option('--no-module', 'make it in the database (default: where the active key is)')
    .option('--module-label <label>', 'import the key pair that is in the HSM under this label')
    .option('--certificate <file>', 'its certificate (PEM) for --module-label; without it a self-signed one is made')
    .addHelpText(
      'after',
      '\nExample:\n  ic-idp key stage riverton-water\n  ic-idp key stage --all\n  ic-idp key stage riverton-water --module',
    )
    .action(async (slugs: string[], options: StageOptions) => {
      const { moduleLabel, certificate, keyType, module } = options;
      if (moduleLabel !== undefined) return stageFromModule(slugs, options, moduleLabel);
      if (certificate !== undefined) {
        throw new InputError(
          '--certificate needs --module-label. For a certificate issued for `ic-idp key request`, see `ic-idp key import`.',
        );
      }
      return forBillers(slugs, options, 'key.stage', { keyType, module }, sentenceOf);
    });
}
