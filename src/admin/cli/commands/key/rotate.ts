import { Command, Option } from 'commander';
import { KEY_TYPES, type KeyType } from '../../../../core/keys/key-types.ts';
import { operate } from '../../operate.ts';
import { JSON_OPTION, print } from '../../output.ts';
import { forBillers, type ManyOptions, manyCommand } from './for-billers.ts';

const sentenceOf = ({ sentence }: { readonly sentence: string }) => sentence;
const collect = (value: string, all: string[] = []) => [...all, value];
const keyTypeOption = (flag: string, text: string) => new Option(flag, text).choices([...KEY_TYPES]);

/** `ic-idp key activate` */
export function activateCommand(): Command {
  return manyCommand(
    new Command('activate').description(
      'Activate the staged key, once a canary has proven that the Service Provider accepts it',
    ),
  )
    .option('--yes', 'without proof, without asking: the Service Provider fetched it, and keeps several certificates')
    .option('--force', 'even if it was never fetched: sign-ons fail wherever the new certificate is not known')
    .addHelpText('after', '\nExample:\n  ic-idp key activate riverton-water --reason "routine, ticket 4711"')
    .action((slugs: string[], options: ManyOptions & { force?: boolean; yes?: boolean }) =>
      forBillers(slugs, options, 'key.activate', { force: options.force, confirmed: options.yes }, sentenceOf, {
        code: 'activation_unconfirmed',
        question: 'Is this the Service Provider, and does it keep several certificates?',
        answer: { confirmed: true },
      }),
    );
}

/** `ic-idp key back-out` */
export function backOutCommand(): Command {
  return manyCommand(
    new Command('back-out').description('Make the retiring key active again; the newer one is staged again'),
  )
    .addHelpText('after', '\nExample:\n  ic-idp key back-out riverton-water --reason "their form was not saved"')
    .action((slugs: string[], options: ManyOptions) => forBillers(slugs, options, 'key.back-out', {}, sentenceOf));
}

/** `ic-idp key hand-over` */
export function handOverCommand(): Command {
  return manyCommand(
    new Command('hand-over').description(
      'Create a one-time metadata URL, which activates the staged key when the Service Provider fetches it',
    ),
  )
    .option('--hours <number>', 'how long the URL is valid', '72')
    .option('--from <network>', 'only a fetch from this address or network counts; repeatable', collect)
    .addHelpText('after', '\nExample:\n  ic-idp key hand-over riverton-water --from 203.0.113.0/24')
    .action((slugs: string[], options: ManyOptions & { hours: string; from?: string[] }) =>
      forBillers(
        slugs,
        options,
        'key.hand-over',
        { hours: options.hours, networks: options.from },
        ({ url, expiresAt }) =>
          `hand this address to Invoice Cloud, to save in the biller's form in place of the metadata URL (until ${expiresAt.slice(0, 16)} UTC):\n  ${url}\n  Do not open it yourself.`,
      ),
    );
}

/** `ic-idp key retire` */
export function retireCommand(): Command {
  return manyCommand(
    new Command('retire').description(
      'Remove the retiring key from the metadata and destroy its private key, once the active one is proven',
    ),
  )
    .option('--staged', 'the staged key instead')
    .option('--force', 'without proof, and even if assertions that it signed may still be in transit')
    .addHelpText('after', '\nExample:\n  ic-idp key retire riverton-water')
    .action((slugs: string[], options: ManyOptions & { staged?: boolean; force?: boolean }) =>
      forBillers(slugs, options, 'key.retire', { staged: options.staged, force: options.force }, sentenceOf),
    );
}

/** `ic-idp key revoke` */
export function revokeCommand(): Command {
  return new Command('revoke')
    .description('Emergency: revoke a key, destroy its private key, and replace it if it is the active one')
    .argument('<biller>', 'slug of the biller')
    .requiredOption('--reason <text>', 'why; written into the audit')
    .option('--fingerprint <sha256>', 'the key, by the beginning of its fingerprint (default: the active one)')
    .option('--replace', 'create a new active key in its place')
    .addOption(keyTypeOption('--key-type <type>', 'kind of the new key').default('RSA-2048'))
    .option('--module', 'make the new key in the hardware security module (HSM)')
    .option('--no-module', 'make it in the database (default: where the revoked one is)')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp key revoke riverton-water --replace --reason "key file was copied"')
    .action(
      async (
        biller: string,
        options: {
          reason: string;
          fingerprint?: string;
          replace?: boolean;
          keyType: KeyType;
          module?: boolean;
          json?: boolean;
        },
      ) => {
        const { reason, fingerprint, module } = options;
        const replace = options.replace === true ? options.keyType : undefined;
        const result = await operate('key.revoke', { biller, reason, fingerprint, replace, module });
        print(result, options.json, ({ sentence, tell }) =>
          [`${biller}: ${sentence}`, ...tell.map((line) => `\nTell ${line}`)].join('\n'),
        );
      },
    );
}
