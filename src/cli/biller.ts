import { Command, Option } from 'commander';
import { KEY_TYPES } from '../keys/key-types.ts';
import type { BillerView } from '../operators/biller-view.ts';
import { operate } from './operate.ts';
import { pairs, print, table } from './output.ts';
import { isUrl, readInput, readSpMetadataSource } from './read-sp-metadata.ts';
import { addSettingsOptions, settingsFrom } from './settings-options.ts';

interface ProviderOptions {
  readonly name?: string;
  readonly spMetadata?: string;
  readonly entityId?: string;
  readonly acs?: string[];
  readonly spCertificate?: string[];
  readonly spEncryptionCertificate?: string[];
  readonly json?: boolean;
}

const collect = (value: string, all: string[] = []) => [...all, value];
const JSON_OPTION = ['--json', 'print the result as JSON'] as const;

function addProviderOptions(command: Command): Command {
  return command
    .option('--sp-metadata <file|url>', "Invoice Cloud's SP metadata for this biller")
    .option('--entity-id <id>', 'entity ID of the Service Provider, where there is no metadata')
    .option('--acs <url>', 'ACS URL of the Service Provider, where there is no metadata; repeatable', collect)
    .option('--sp-certificate <file>', 'certificate that it signs requests with (PEM); repeatable', collect)
    .option('--sp-encryption-certificate <file>', 'certificate to encrypt assertions with (PEM); repeatable', collect);
}

async function providerInput(options: ProviderOptions) {
  const { name, spMetadata, entityId, acs, spCertificate = [], spEncryptionCertificate = [] } = options;
  return {
    name,
    spMetadata: spMetadata === undefined ? undefined : await readSpMetadataSource(spMetadata),
    metadataUrl: spMetadata !== undefined && isUrl(spMetadata) ? spMetadata : undefined,
    entityId,
    acs,
    spCertificates: await Promise.all(spCertificate.map((file) => readInput('--sp-certificate', file))),
    spEncryptionCertificates: await Promise.all(
      spEncryptionCertificate.map((file) => readInput('--sp-encryption-certificate', file)),
    ),
  };
}

/** The sheet that the onboarding staff copies from. */
function sheet(biller: BillerView): string {
  const { certificate } = biller;
  const lines = pairs([
    ['Biller', `${biller.name} (${biller.slug})`],
    ['BillerGUID', biller.billerGuid],
    ['Entity ID', biller.entityId],
    ['Metadata URL', biller.metadataUrl],
    ['SSO Service URL', biller.ssoUrl],
    ['Certificate', biller.certificateUrl],
    ['  SHA-256', certificate?.fingerprintSha256 ?? 'no active signing key'],
    ['  SHA-1', certificate?.fingerprintSha1 ?? ''],
    ['  valid to', certificate?.validTo.slice(0, 10) ?? ''],
    ['NameID format', biller.nameIdFormat],
    ['Signed', biller.sign === 'both' ? 'assertion and Response' : biller.sign],
    ['SP entity ID', biller.serviceProvider.entityId],
    ...biller.serviceProvider.acs.map(
      ({ url, index, isDefault }) => [`SP ACS ${index}`, `${url}${isDefault ? ' (default)' : ''}`] as const,
    ),
  ]);
  const claims = table(
    ['  Claim', 'carries', 'name format'],
    biller.claims.map(({ name, meaning, nameFormat }) => [`  ${name}`, meaning, nameFormat]),
  );
  const loginTypes = pairs(
    Object.entries(biller.loginTypes).map(([role, type]) => [role, String(type)] as const),
    '  ',
  );
  return `${lines}\n\n${claims}\n\nLoginType by role\n${loginTypes}\n\nTest link (put a real account number in)\n  ${biller.testLink}`;
}

function addCommand(): Command {
  const command = new Command('add')
    .description('Register a biller; its signing key is made with it')
    .argument('<slug>', 'short name of the biller, as it stands in its URLs')
    .requiredOption('--name <name>', 'name of the biller, as portal users know it')
    .requiredOption('--guid <BillerGUID>', 'the GUID that Invoice Cloud gave the biller');
  addProviderOptions(command).addOption(
    new Option('--key-type <type>', 'kind of the signing key').choices([...KEY_TYPES]).default('RSA-2048'),
  );
  return addSettingsOptions(command)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Example:
  ic-idp biller add riverton-water --name "City of Riverton Water" \\
    --guid 0f8fad5b-d9cb-469f-a165-70867728950e --sp-metadata metadata/riverton-water.xml \\
    --login-type owner=1,co-owner=5`,
    )
    .action(async (slug: string, options: ProviderOptions & { guid: string; keyType: string }) => {
      const input = {
        slug,
        ...(await providerInput(options)),
        billerGuid: options.guid,
        keyType: options.keyType,
        settings: settingsFrom({ ...options }),
      };
      print((await operate('biller.add', input)) as BillerView, options.json, sheet);
    });
}

function updateCommand(): Command {
  const command = new Command('update')
    .description('Change a biller; what is not given stays as it is')
    .argument('<slug>', 'the biller')
    .option('--name <name>', 'name of the biller');
  return addSettingsOptions(addProviderOptions(command))
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp biller update riverton-water --sign assertion --clock-skew 120')
    .action(async (slug: string, options: ProviderOptions) => {
      const input = { slug, ...(await providerInput(options)), settings: settingsFrom({ ...options }) };
      print((await operate('biller.update', input)) as BillerView, options.json, sheet);
    });
}

function listCommand(): Command {
  type Row = Pick<BillerView, 'slug' | 'name' | 'billerGuid' | 'entityId'>;
  return new Command('list')
    .description('List the billers')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp biller list --json')
    .action(async (options: { json?: boolean }) => {
      print((await operate('biller.list', {})) as Row[], options.json, (rows) =>
        rows.length === 0
          ? 'There are no billers. Add one: ic-idp biller add --help'
          : table(
              ['Slug', 'Name', 'BillerGUID', 'Entity ID'],
              rows.map((row) => [row.slug, row.name, row.billerGuid, row.entityId]),
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
      print((await operate('biller.show', { slug })) as BillerView, options.json, sheet);
    });
}

function removeCommand(): Command {
  return new Command('remove')
    .description('Remove a biller with its keys, portal users and sessions; the audit stays')
    .argument('<slug>', 'the biller')
    .requiredOption('--yes', 'confirm: this can not be undone')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp biller remove riverton-water --yes')
    .action(async (slug: string, options: { json?: boolean }) => {
      print(await operate('biller.remove', { slug }), options.json, () => `Removed ${slug}.`);
    });
}

/** `ic-idp biller ...` */
export function billerCommand(): Command {
  return new Command('biller')
    .description('Billers: add, update, list, show, remove')
    .addCommand(addCommand())
    .addCommand(updateCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(removeCommand());
}
