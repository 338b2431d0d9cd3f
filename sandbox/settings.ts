import { z } from 'zod';
import { checkedUrl } from './safe-url.ts';

/** What the stand-in needs to know to start. */
interface SandboxSettings {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  readonly storeFile: string | undefined;
}

/** Every setting: what is accepted, what for, and what holds without it. `docs/settings.md` is made from this list. */
export const sandboxSettings = {
  SANDBOX_PORT: {
    accepted: 'a whole number from 1 to 65535',
    purpose: 'Port that the stand-in listens on.',
    defaultText: '`4000`',
  },
  SANDBOX_HOST: {
    accepted: 'a host name or an IP address',
    purpose: 'Address that the stand-in listens on.',
    defaultText: '`127.0.0.1`',
  },
  SANDBOX_PUBLIC_URL: {
    accepted: 'an https URL without path, query and fragment (http only for localhost and loopback addresses)',
    purpose:
      'The only source of its absolute URLs. Use another host name than the service has, so that they are two sites to a browser, as in life.',
    defaultText: '`http://127.0.0.1:SANDBOX_PORT`',
  },
  SANDBOX_STORE: {
    accepted: 'a file that may be written',
    purpose: 'JSON file that keeps the onboarded billers over a restart.',
    defaultText: 'none: they live in memory',
  },
} as const;

type SandboxSettingName = keyof typeof sandboxSettings;

/** A setting that cannot be used. The message names it, tells what was given and what is accepted. */
export class SettingError extends Error {
  constructor(name: string, given: string, reason: string) {
    super(`${name} is ${JSON.stringify(given)}, which cannot be used: ${reason}.`);
    this.name = 'SettingError';
  }
}

const portSchema = z
  .string()
  .regex(/^[0-9]{1,5}$/)
  .transform(Number)
  .pipe(z.number().min(1).max(65535));

const refusal = (name: SandboxSettingName, given: string) =>
  new SettingError(name, given, `${sandboxSettings[name].accepted} is accepted`);

/**
 * Reads the settings from the environment.
 * @param env the environment, usually `process.env`; an empty value counts as absent
 * @throws SettingError on a bad or unknown setting
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): SandboxSettings {
  for (const name of Object.keys(env)) {
    if (name.startsWith('SANDBOX_') && !Object.hasOwn(sandboxSettings, name)) {
      const known = Object.keys(sandboxSettings).join(', ');
      throw new SettingError(name, env[name] ?? '', `there is no such setting; there are ${known}`);
    }
  }
  const port = portSchema.safeParse(env.SANDBOX_PORT || '4000');
  if (!port.success) throw refusal('SANDBOX_PORT', env.SANDBOX_PORT ?? '');
  const host = env.SANDBOX_HOST || '127.0.0.1';
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) throw refusal('SANDBOX_HOST', host);
  return {
    port: port.data,
    host,
    publicUrl: readPublicUrl(env.SANDBOX_PUBLIC_URL || `http://127.0.0.1:${port.data}`),
    storeFile: env.SANDBOX_STORE || undefined,
  };
}

function readPublicUrl(given: string): string {
  const url = checkedUrl(given);
  if (url === undefined || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw refusal('SANDBOX_PUBLIC_URL', given);
  }
  return url.origin;
}
