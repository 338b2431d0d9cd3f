import { portalSettings } from '../../sandbox/portal/settings.ts';
import { sandboxSettings } from '../../sandbox/settings.ts';
import { type SettingName, settingsSchema } from '../../src/config.ts';
import { code, generatedPage, table } from './markdown.ts';

export interface SettingMeta {
  readonly accepted: string;
  readonly purpose: string;
  readonly defaultText?: string;
  readonly secret?: boolean;
}

/** @returns what src/config.ts says about a setting */
export const settingMeta = (name: SettingName) => settingsSchema.shape[name].meta() as unknown as SettingMeta;

const HEADING = ['Setting', 'What for', 'Accepted', 'Default'];

function serviceRows(): string[][] {
  const defaults = settingsSchema.parse({});
  return (Object.keys(settingsSchema.shape) as SettingName[]).map((name) => {
    const { accepted, purpose, defaultText, secret } = settingMeta(name);
    return [
      code(name),
      secret === true ? `${purpose} **Secret.**` : purpose,
      accepted,
      defaultText ?? code(String(defaults[name])),
    ];
  });
}

type Described = Readonly<Record<string, Pick<SettingMeta, 'accepted' | 'purpose'> & { readonly defaultText: string }>>;

const rowsOf = (settings: Described) =>
  Object.entries(settings).map(([name, { accepted, purpose, defaultText }]) => [
    code(name),
    purpose,
    accepted,
    defaultText,
  ]);

/** @returns docs/settings.md */
export function settingsPage(): string {
  return generatedPage('Settings', 'src/config.ts, sandbox/settings.ts and sandbox/portal/settings.ts', [
    'Settings are read once, at startup, from the environment and from a `.env` file in the current folder; `.env.example` lists them. The environment takes precedence; an empty value counts as not given. A wrong value, or a name that is almost one of these, stops the startup with a message that says what was given and what is accepted. Secrets are never repeated. A `.env` file that another user may have written or put there is refused: the file, what it links to and the folders above must belong to this user, root or the owner of the project, and no other user or foreign group may be able to change them.',
    'Settings of a single biller are stored in the database instead: see [assumptions](assumptions.md).',
    '## The service and its command line',
    table(HEADING, serviceRows()),
    'The command line reads the same settings as the service: give both the same ones, or the command uses another database.',
    '## The sandbox',
    'Stands in for Invoice Cloud in trials (`npm run demo`, `npm run sandbox`). A production installation does not run it.',
    table(HEADING, rowsOf(sandboxSettings)),
    '## The portal kit',
    'A small portal, written against the API for portals, to look at and to learn from (`npm run demo`, `npm run portal`).',
    table(HEADING, rowsOf(portalSettings)),
    '## Example',
    'A `.env` file for an installation behind a reverse proxy on the same machine:',
    `\`\`\`ini
PUBLIC_URL=https://sso.riverton.example
DATABASE_URL=postgres://ic_idp:...@db.internal:5432/ic_idp
MASTER_KEY=...
TRUST_PROXY=loopback
\`\`\``,
  ]);
}
