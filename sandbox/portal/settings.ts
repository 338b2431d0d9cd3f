import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { checkedUrl } from '../http/safe-url.ts';
import { SettingError } from '../settings.ts';

/** The settings needed to start the portal. */
export interface PortalSettings {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  /** Origin of the Identity Provider, whose API the portal calls. */
  readonly idp: string;
  /** Origins that Invoice Cloud's pages are at. */
  readonly invoiceCloud: readonly string[];
  readonly apiKey: string;
  readonly usersFile: string;
}

/** Every setting: accepted values, purpose and default. `docs/settings.md` is generated from this list. */
export const portalSettings = {
  PORTAL_PORT: {
    accepted: 'a whole number from 1 to 65535',
    purpose: 'Port that the portal listens on.',
    defaultText: '`4100`',
  },
  PORTAL_HOST: {
    accepted: 'a host name or an IP address',
    purpose: 'Address that the portal listens on.',
    defaultText: '`127.0.0.1`',
  },
  PORTAL_PUBLIC_URL: {
    accepted: 'an https URL without path, query and fragment (http only for localhost and loopback addresses)',
    purpose:
      'The base of all its absolute URLs, to be registered with `--portal-url`. Use a different host name than the service, as in production.',
    defaultText: '`http://127.0.0.1:PORTAL_PORT`',
  },
  PORTAL_IDP: {
    accepted: 'an https URL without path, query and fragment (http only for localhost and loopback addresses)',
    purpose: 'The Identity Provider, whose API the portal calls.',
    defaultText: '`http://localhost:3000`',
  },
  PORTAL_INVOICE_CLOUD: {
    accepted: 'origins separated by commas, each https without path (http only for localhost and loopback addresses)',
    purpose: 'Where Invoice Cloud’s pages are: forms may lead there, and iframes may show them.',
    defaultText: '`http://127.0.0.1:4000`',
  },
  PORTAL_API_KEY_FILE: {
    accepted: 'a file with one API key (`ic-idp api-key add`)',
    purpose: 'The key that the portal calls the API with.',
    defaultText: 'none: it must be given',
  },
  PORTAL_USERS: {
    accepted: 'a JSON file: a list of `{"id", "name", "email", "password", "accounts": [{"number", "role"}]}`',
    purpose: 'Who can sign in to the portal. A real one has a database instead.',
    defaultText: 'none: it must be given',
  },
} as const;

type PortalSettingName = keyof typeof portalSettings;

const port = z
  .string()
  .regex(/^[0-9]{1,5}$/)
  .transform(Number)
  .pipe(z.number().min(1).max(65535));

const refusal = (name: PortalSettingName, given: string) =>
  new SettingError(name, given, `it must be ${portalSettings[name].accepted}`);

function readOrigin(name: PortalSettingName, given: string): string {
  const url = checkedUrl(given);
  if (url === undefined || url.pathname !== '/' || url.search !== '' || url.hash !== '') throw refusal(name, given);
  return url.origin;
}

/** The key itself is never part of a message. */
function readKey(file: string): string {
  const name = 'PORTAL_API_KEY_FILE';
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SettingError(name, file, (error as Error).message);
  }
  if (/^[\x21-\x7e]{20,200}$/.test(text)) return text;
  throw new SettingError(name, file, 'the file has no API key, or more than one line');
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads where the portal listens, and under which address. @throws SettingError for a bad or unknown setting */
export function readPortalAddress(env: Environment): Pick<PortalSettings, 'port' | 'host' | 'publicUrl'> {
  for (const name of Object.keys(env)) {
    if (name.startsWith('PORTAL_') && !Object.hasOwn(portalSettings, name)) {
      const known = Object.keys(portalSettings).join(', ');
      throw new SettingError(name, env[name] ?? '', `no such setting; the settings are ${known}`);
    }
  }
  const read = port.safeParse(env.PORTAL_PORT || '4100');
  if (!read.success) throw refusal('PORTAL_PORT', env.PORTAL_PORT ?? '');
  const host = env.PORTAL_HOST || '127.0.0.1';
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) throw refusal('PORTAL_HOST', host);
  const publicUrl = readOrigin('PORTAL_PUBLIC_URL', env.PORTAL_PUBLIC_URL || `http://127.0.0.1:${read.data}`);
  return { port: read.data, host, publicUrl };
}

/**
 * Reads the settings from the environment.
 *
 * @param env the environment, usually `process.env`; an empty value counts as absent
 * @throws SettingError for a bad, missing or unknown setting
 */
export function readPortalSettings(env: Environment): PortalSettings {
  const address = readPortalAddress(env);
  const { PORTAL_API_KEY_FILE: keyFile = '', PORTAL_USERS: usersFile = '' } = env;
  if (usersFile === '') throw refusal('PORTAL_USERS', usersFile);
  if (keyFile === '') throw refusal('PORTAL_API_KEY_FILE', keyFile);
  return {
    ...address,
    idp: readOrigin('PORTAL_IDP', env.PORTAL_IDP || 'http://localhost:3000'),
    invoiceCloud: (env.PORTAL_INVOICE_CLOUD || 'http://127.0.0.1:4000')
      .split(',')
      .map((origin) => readOrigin('PORTAL_INVOICE_CLOUD', origin.trim())),
    apiKey: readKey(keyFile),
    usersFile,
  };
}
