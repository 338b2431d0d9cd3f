import type { Command } from 'commander';
import { z } from 'zod';
import { SETTING_OPTIONS } from '../../src/admin/cli/options/setting-names.ts';
import { createProgram } from '../../src/admin/cli/program.ts';
import { type BillerSettings, billerSettingsSchema } from '../../src/core/billers/settings.ts';
import { DESTINATION_LABELS, DESTINATIONS } from '../../src/protocols/invoice-cloud/destinations.ts';
import { code, generatedPage, table } from './markdown.ts';

type SettingName = keyof BillerSettings;

interface SettingMeta {
  readonly assumed: string;
}

/** Assumptions that are not settings: changing one means changing the code. */
const FIXED = [
  [
    'A sign-on starts with a redirect link, `<base>/saml/<BillerGUID>?account=&ViewMode=&DeepLinkID=`, in this order and spelling.',
    '`src/protocols/invoice-cloud/redirect-link.ts`',
  ],
  ['The DeepLinkIDs below name these pages.', '`src/protocols/invoice-cloud/destinations.ts`'],
  [
    'Invoice Cloud copies Entity ID, SSO Service URL and certificate when the Metadata URL is saved, and does not fetch it again. So every biller has its own key pair, a new key becomes active at the moment it is fetched, and the active certificate comes first in the metadata.',
    '`src/protocols/saml/writing/metadata.ts`',
  ],
  ['Invoice Cloud accepts the Response by HTTP-POST.', '`src/protocols/saml/sp-metadata/sp-metadata.ts`'],
  [
    'Invoice Cloud has its own session. Signing out here does not end it.',
    '`src/endpoints/sign-in/views/signed-out-page.ts`',
  ],
] as const;

/** @returns the options of a setting as commander spells them, e.g. `--clock-skew <seconds>` */
function flagsOf(update: Command, setting: SettingName): string {
  return SETTING_OPTIONS[setting]
    .map((name) => {
      const found = update.options.find(({ long }) => long === name);
      if (found === undefined) throw new Error(`ic-idp biller update has no option ${name}`);
      return code(found.flags);
    })
    .join(', ');
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (typeof value !== 'object') return code(String(value));
  if ('name' in value && 'nameFormat' in value) return `${code(String(value.name))}, ${value.nameFormat}`;
  return Object.keys(value).length === 0 ? 'none' : code(JSON.stringify(value));
}

/** @returns the bounds of a number, in words that follow its default */
function boundsOf(name: SettingName): string {
  const { minimum, maximum } = z.toJSONSchema(billerSettingsSchema.shape[name], { io: 'input' });
  return minimum === undefined || maximum === undefined ? '' : ` (${minimum} to ${maximum})`;
}

const program = await createProgram();

function rows(): string[][] {
  const update = program.commands
    .find((command) => command.name() === 'biller')
    ?.commands.find((command) => command.name() === 'update');
  if (update === undefined) throw new Error('ic-idp has no command biller update');
  const defaults = billerSettingsSchema.parse({});
  return (Object.keys(billerSettingsSchema.shape) as SettingName[]).map((name) => {
    const { assumed } = billerSettingsSchema.shape[name].meta() as unknown as SettingMeta;
    return [assumed, inWords(defaults[name]) + boundsOf(name), flagsOf(update, name)];
  });
}

/** @returns docs/assumptions.md */
export function assumptionsPage(): string {
  return generatedPage('What we assume about Invoice Cloud', 'src/core/billers/settings.ts', [
    'Not everything about Invoice Cloud is known before a biller is onboarded. These are our assumptions, one per row. If one is wrong for a biller, change it for that biller; no code has to change.',
    '## Set per biller',
    'The option belongs to `ic-idp biller add` and `ic-idp biller update`; it applies from the next sign-on. For example, if the clocks are two minutes apart:',
    '```sh\n./ic-idp biller update riverton-water --clock-skew 120\n```',
    table(['Assumed', 'Default', 'Change it with'], rows()),
    '`ic-idp biller show <slug>` prints what Invoice Cloud needs to know about these choices (Entity ID, URLs, claims, certificate): see [onboarding](onboarding.md).',
    '## Not a setting',
    table(
      ['Assumed', 'Where in the code'],
      FIXED.map((row) => [...row]),
    ),
    '## Destinations',
    'Any other positive number may be given instead of a name; it is passed on unchanged.',
    table(
      ['Name', 'DeepLinkID', 'Shown as'],
      Object.entries(DESTINATIONS).map(([name, id]) => [
        code(name),
        String(id),
        DESTINATION_LABELS[name as keyof typeof DESTINATION_LABELS],
      ]),
    ),
  ]);
}
