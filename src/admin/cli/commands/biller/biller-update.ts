import { Command, Option } from 'commander';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import { confirmChange, confirmSharedProvider } from '../../confirm-change.ts';
import { operate } from '../../operate.ts';
import { addProviderOptions, type ProviderOptions, providerInput } from '../../options/provider-options.ts';
import { addSettingsOptions, settingsFrom } from '../../options/settings-options.ts';
import { CLIENT_SECRET_OPTION, readClientSecretFile } from '../../options/sign-in-options.ts';
import { JSON_OPTION, print, printWarnings } from '../../output.ts';
import { sheet } from './biller-sheet.ts';

interface UpdateOptions extends ProviderOptions {
  readonly rereadMetadata?: boolean;
  readonly yes?: boolean;
  readonly oidcClientSecretFile?: string;
  readonly oidcUsers?: 'keep' | 'remove';
}

/** The source of SP metadata: the given one, or the URL that it was last read from. */
async function metadataSource(slug: string, options: UpdateOptions): Promise<string | undefined> {
  if (options.rereadMetadata !== true) return options.spMetadata;
  if (options.spMetadata !== undefined) throw new InputError('Give either --sp-metadata or --reread-metadata.');
  const { serviceProvider } = await operate('biller.show', { slug });
  if (serviceProvider.metadataUrl !== undefined) return serviceProvider.metadataUrl;
  throw new InputError(
    `--reread-metadata: ${slug} was not registered from a metadata URL. Give the metadata with --sp-metadata <file|url>.`,
  );
}

/** `ic-idp biller update <slug>` */
export function updateCommand(): Command {
  const command = new Command('update')
    .description('Change a biller; what is not given stays unchanged')
    .argument('<slug>', 'the biller')
    .option('--name <name>', 'name of the biller');
  return addSettingsOptions(addProviderOptions(command))
    .option('--reread-metadata', 'reread the SP metadata from its original URL')
    .option(...CLIENT_SECRET_OPTION)
    .addOption(
      new Option(
        '--oidc-users <what>',
        'with another issuer: keep the portal users of the one before, because the same people have the same IDs there, or remove them',
      ).choices(['keep', 'remove']),
    )
    .option('--yes', 'change the Service Provider without asking, also to one that another biller has')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
A change of the Service Provider is shown first, and done when it is confirmed; if it is not, the exit code is 1.
With --yes it is shown, and done without asking.

Examples:
  ic-idp biller update riverton-water --sign assertion --clock-skew 120
  ic-idp biller update riverton-water --reread-metadata
  ic-idp biller update riverton-water --sign-in oidc --oidc-issuer https://login.riverton.example \\
    --oidc-client-id ic-idp --oidc-client-secret-file secret.txt`,
    )
    .action(async (slug: string, options: UpdateOptions) => {
      const spMetadata = await metadataSource(slug, options);
      const provider = await providerInput({ ...options, ...(spMetadata === undefined ? {} : { spMetadata }) });
      const input = {
        slug,
        ...provider,
        oidcClientSecret: await readClientSecretFile(options.oidcClientSecretFile),
        oidcUsers: options.oidcUsers,
        settings: settingsFrom({ ...options }),
      };
      const touchesProvider = spMetadata !== undefined || options.entityId !== undefined;
      if (!touchesProvider) {
        print(await operate('biller.update', input), options.json, sheet);
        return;
      }
      const compared = await operate('biller.compare', input);
      printWarnings(compared);
      if (compared.differences.length === 0) console.error('Nothing has changed.');
      else await confirmChange(compared.differences, options);
      const updated = await confirmSharedProvider(
        (sameServiceProvider) => operate('biller.update', { ...input, sameServiceProvider, state: compared.state }),
        options,
      );
      print(updated, options.json, sheet);
    });
}
