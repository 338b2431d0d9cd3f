import type { Command } from 'commander';
import { z } from 'zod';
import { createProgram } from '../../src/admin/cli/program.ts';
import { SETTING_OPTIONS } from '../../src/admin/cli/setting-names.ts';
import { type BillerSettings, billerSettingsSchema } from '../../src/core/billers/settings.ts';
import { DESTINATION_LABELS, DESTINATIONS } from '../../src/protocols/invoice-cloud/destinations.ts';
import { code, generatedPage, table } from './markdown.ts';

type SettingName = keyof BillerSettings;

interface SettingMeta {
  readonly assumed: string;
}

/** What is assumed and can't be set: a change in these is a change of the code. */
const FIXED = [
  [
    'A sign-on starts with a redirect link, `<base>/saml/<BillerGUID>?account=&ViewMode=&DeepLinkID=`, in this order and spelling.',
    '`src/protocols/invoice-cloud/redirect-link.ts`',
  ],
  ['The DeepLinkIDs below name these pages.', '`src/protocols/invoice-cloud/destinations.ts`'],
  [
    'Invoice Cloud copies Entity ID, SSO Service URL and certificate when the Metadata URL is saved, and does not look again. So every biller has a key pair of its own, and the active certificate comes first in the metadata.',
    '`src/protocols/saml/writing/metadata.ts`',
  ],
  ['Invoice Cloud takes the Response by HTTP-POST.', '`src/protocols/saml/sp-metadata/sp-metadata.ts`'],
  [
    'Invoice Cloud keeps a session of its own. Signing out here does not end it.',
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

/** @returns the bounds of a number, as words to follow its default */
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
    'Not everything about the other side is known before a biller is onboarded. Here is what we take for granted, one row an assumption. Where one does not hold, it is changed for that biller; no code is touched.',
    '## Set per biller',
    'The option belongs to `ic-idp biller add` and `ic-idp biller update`; it holds from the next sign-on on. For example, where the clocks are two minutes apart:',
    '```sh\n./ic-idp biller update riverton-water --clock-skew 120\n```',
    table(['Assumed', 'Default', 'Change it with'], rows()),
    'What Invoice Cloud has to be told about these choices (Entity ID, URLs, claims, certificate) is what `ic-idp biller show <slug>` prints: see [onboarding](onboarding.md).',
    '## Not a setting',
    table(
      ['Assumed', 'Where it stands in the code'],
      FIXED.map((row) => [...row]),
    ),
    '## Destinations',
    'Any other positive number may be given in place of a name; it is passed on as it is.',
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
