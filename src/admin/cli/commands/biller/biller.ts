import { Command } from 'commander';
import type { KeyType } from '../../../../core/keys/key-types.ts';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import { confirmSharedProvider } from '../../confirm-change.ts';
import { operate } from '../../operate.ts';
import { keyTypeOption } from '../../options/key-type-option.ts';
import { addProviderOptions, type ProviderOptions, providerInput } from '../../options/provider-options.ts';
import { addSettingsOptions, settingsFrom } from '../../options/settings-options.ts';
import { CLIENT_SECRET_OPTION, readClientSecretFile } from '../../options/sign-in-options.ts';
import { JSON_OPTION, listInWords, print, printWarnings } from '../../output.ts';
import { billersAsCsv } from './biller-csv.ts';
import { importCommand } from './biller-import/import.ts';
import { refreshCommand } from './biller-refresh.ts';
import { sheet } from './biller-sheet.ts';
import { updateCommand } from './biller-update.ts';

/** Names every missing option at once; commander's own check names the first. */
function missing({ name, guid, spMetadata, entityId, acs }: ProviderOptions & { readonly guid?: string }): InputError {
  const names = [
    name === undefined && '--name <name>',
    guid === undefined && '--guid <BillerGUID>',
    spMetadata === undefined &&
      (entityId === undefined || acs === undefined) &&
      '--sp-metadata <file|url>, or --entity-id <id> with --acs <url>',
  ];
  return new InputError(`Missing: ${names.filter((one) => one !== false).join('; ')}.`);
}

interface AddOptions extends ProviderOptions {
  readonly guid?: string;
  readonly keyType: KeyType;
  readonly module?: boolean;
  readonly oidcClientSecretFile?: string;
}

function addCommand(): Command {
  const command = new Command('add')
    .description('Register a biller and create its signing key')
    .argument('<slug>', 'short name of the biller, as used in its URLs')
    .option('--name <name>', 'name of the biller, as portal users know it; required')
    .option('--guid <BillerGUID>', 'the GUID that Invoice Cloud gave the biller; required');
  addProviderOptions(command)
    .addOption(keyTypeOption('kind of the signing key').default('RSA-2048'))
    .option('--module', 'make the signing key in the hardware security module (HSM), which it never leaves')
    .option('--yes', 'confirm that another biller has the same Service Provider');
  return addSettingsOptions(command)
    .option(...CLIENT_SECRET_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Example:
  ic-idp biller add riverton-water --name "City of Riverton Water" \\
    --guid 0f8fad5b-d9cb-469f-a165-70867728950e --sp-metadata metadata/riverton-water.xml \\
    --login-type owner=1,co-owner=5`,
    )
    .action(async (slug: string, options: AddOptions) => {
      const { name, guid } = options;
      if (name === undefined || guid === undefined) throw missing(options);
      const input = {
        slug,
        ...(await providerInput(options)),
        name,
        billerGuid: guid,
        keyType: options.keyType,
        module: options.module,
        oidcClientSecret: await readClientSecretFile(options.oidcClientSecretFile),
        settings: settingsFrom({ ...options }),
      };
      const added = await confirmSharedProvider(
        (sameServiceProvider) => operate('biller.add', { ...input, sameServiceProvider }),
        options,
      );
      printWarnings(added);
      print(added, options.json, sheet);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('List the billers')
    .option(...JSON_OPTION)
    .option('--csv', 'print what Invoice Cloud needs of each, and the settings, as CSV')
    .addHelpText('after', '\nExamples:\n  ic-idp biller list --json\n  ic-idp biller list --csv > billers.csv')
    .action(async (options: { json?: boolean; csv?: boolean }) => {
      if (options.csv === true) {
        if (options.json === true) throw new InputError('Give either --json or --csv.');
        process.stdout.write(billersAsCsv(await operate('biller.sheets', {})));
        return;
      }
      print(
        await operate('biller.list', {}),
        options.json,
        listInWords(
          'There are no billers. Add one: ic-idp biller add --help',
          ['Slug', 'Name', 'BillerGUID', 'Entity ID'],
          (row) => [row.slug, row.name, row.billerGuid, row.entityId],
        ),
      );
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('Show what Invoice Cloud needs to set the biller up')
    .argument('<slug>', 'the biller')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp biller show riverton-water')
    .action(async (slug: string, options: { json?: boolean }) => {
      print(await operate('biller.show', { slug }), options.json, sheet);
    });
}

function removeCommand(): Command {
  return new Command('remove')
    .description('Remove a biller with its keys, portal users and sessions; the audit stays')
    .argument('<slug>', 'the biller')
    .requiredOption('--yes', 'confirm: this cannot be undone')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp biller remove riverton-water --yes')
    .action(async (slug: string, options: { json?: boolean }) => {
      print(await operate('biller.remove', { slug }), options.json, () => `Removed ${slug}.`);
    });
}

/** `ic-idp biller ...` */
export function billerCommand(): Command {
  return new Command('biller')
    .description('Billers: add, import, update, refresh, list, show, remove')
    .addHelpText('after', '\nExample:\n  ic-idp biller show riverton-water')
    .addCommand(addCommand())
    .addCommand(importCommand())
    .addCommand(updateCommand())
    .addCommand(refreshCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(removeCommand());
}
