import { z } from 'zod';
import { checkedUrl } from './http/safe-url.ts';

/** The settings needed to start the sandbox. */
interface SandboxSettings {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  readonly idpOrigins: readonly string[];
  readonly storeFile: string | undefined;
}

/** Every setting: accepted values, purpose and default. `docs/settings.md` is generated from this list. */
export const sandboxSettings = {
  SANDBOX_PORT: {
    accepted: 'a whole number from 1 to 65535',
    purpose: 'Port that the sandbox listens on.',
    defaultText: '`4000`',
  },
  SANDBOX_HOST: {
    accepted: 'a host name or an IP address',
    purpose: 'Address that the sandbox listens on.',
    defaultText: '`127.0.0.1`',
  },
  SANDBOX_PUBLIC_URL: {
    accepted: 'an https URL without path, query and fragment (http only for localhost and loopback addresses)',
    purpose:
      'The base of all its absolute URLs. Use a different host name than the service, so that browsers treat them as two sites, as in production.',
    defaultText: '`http://127.0.0.1:SANDBOX_PORT`',
  },
  SANDBOX_IDP: {
    accepted: 'origins separated by commas, each https without path (http only for localhost and loopback addresses)',
    purpose:
      'Identity Providers whose metadata the onboarding form may fetch wherever they are. Any other metadata URL must be https and lead to a public address, so that the form cannot be used to reach this machine or its network.',
    defaultText: '`http://localhost:3000`',
  },
  SANDBOX_STORE: {
    accepted: 'a writable file',
    purpose: 'JSON file that keeps the onboarded billers across restarts.',
    defaultText: 'none: they are only in memory',
  },
} as const;

type SandboxSettingName = keyof typeof sandboxSettings;

/** An unusable setting. The message names it, its value and what is accepted. */
export class SettingError extends Error {
  constructor(name: string, given: string, reason: string) {
    super(`${name} is ${JSON.stringify(given)}, which can't be used: ${reason}.`);
    this.name = 'SettingError';
  }
}

const portSchema = z
  .string()
  .regex(/^[0-9]{1,5}$/)
  .transform(Number)
  .pipe(z.number().min(1).max(65535));

const refusal = (name: SandboxSettingName, given: string) =>
  new SettingError(name, given, `it must be ${sandboxSettings[name].accepted}`);

/**
 * Reads the settings from the environment.
 * @param env the environment, usually `process.env`; an empty value counts as absent
 * @throws SettingError for a bad or unknown setting
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): SandboxSettings {
  for (const name of Object.keys(env)) {
    if (name.startsWith('SANDBOX_') && !Object.hasOwn(sandboxSettings, name)) {
      const known = Object.keys(sandboxSettings).join(', ');
      throw new SettingError(name, env[name] ?? '', `no such setting; the settings are ${known}`);
    }
  }
  const port = portSchema.safeParse(env.SANDBOX_PORT || '4000');
  if (!port.success) throw refusal('SANDBOX_PORT', env.SANDBOX_PORT ?? '');
  const host = env.SANDBOX_HOST || '127.0.0.1';
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) throw refusal('SANDBOX_HOST', host);
  return {
    port: port.data,
    host,
    publicUrl: readOrigin('SANDBOX_PUBLIC_URL', env.SANDBOX_PUBLIC_URL || `http://127.0.0.1:${port.data}`),
    idpOrigins: (env.SANDBOX_IDP || 'http://localhost:3000')
      .split(',')
      .map((origin) => readOrigin('SANDBOX_IDP', origin.trim())),
    storeFile: env.SANDBOX_STORE || undefined,
  };
}

function readOrigin(name: SandboxSettingName, given: string): string {
  const url = checkedUrl(given);
  if (url === undefined || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw refusal(name, given);
  }
  return url.origin;
}
