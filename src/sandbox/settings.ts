import { z } from 'zod';
import { checkedUrl } from './safe-url.ts';

/** What the stand-in needs to know to start. */
interface SandboxSettings {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  readonly storeFile: string | undefined;
}

/** A setting that cannot be used. The message names it, tells what was given and what is accepted. */
export class SettingError extends Error {
  constructor(name: string, given: string, accepted: string) {
    super(`${name} is ${JSON.stringify(given)}, which cannot be used: ${accepted}.`);
    this.name = 'SettingError';
  }
}

const portSchema = z
  .string()
  .regex(/^[0-9]{1,5}$/)
  .transform(Number)
  .pipe(z.number().min(1).max(65535));

const known = new Set(['SANDBOX_PORT', 'SANDBOX_HOST', 'SANDBOX_PUBLIC_URL', 'SANDBOX_STORE']);

/**
 * Reads the settings from the environment.
 * @param env the environment, usually `process.env`; an empty value counts as absent
 * @throws SettingError on a bad or unknown setting
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): SandboxSettings {
  for (const name of Object.keys(env)) {
    if (name.startsWith('SANDBOX_') && !known.has(name)) {
      throw new SettingError(name, env[name] ?? '', `there is no such setting; there are ${[...known].join(', ')}`);
    }
  }
  const port = portSchema.safeParse(env.SANDBOX_PORT || '4000');
  if (!port.success) {
    throw new SettingError('SANDBOX_PORT', env.SANDBOX_PORT ?? '', 'a whole number from 1 to 65535 is accepted');
  }
  const host = env.SANDBOX_HOST || '127.0.0.1';
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) {
    throw new SettingError('SANDBOX_HOST', host, 'a host name or an IP address is accepted, for example 127.0.0.1');
  }
  return {
    port: port.data,
    host,
    publicUrl: readPublicUrl(env.SANDBOX_PUBLIC_URL || `http://127.0.0.1:${port.data}`),
    storeFile: env.SANDBOX_STORE || undefined,
  };
}

function readPublicUrl(given: string): string {
  const accepted =
    'an https URL without path, query and fragment is accepted (http only for localhost and loopback addresses), for example http://127.0.0.1:4000';
  const url = checkedUrl(given);
  if (url === undefined || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new SettingError('SANDBOX_PUBLIC_URL', given, accepted);
  }
  return url.origin;
}
