import { closeSync, existsSync, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import type { HsmSettings } from './core/keys/hsm/hsm.ts';
import { isNetwork } from './core/keys/publication/fetcher.ts';
import { isMasterKey } from './core/secrets/master-key-source.ts';
import { isSecretSource } from './core/secrets/secret-source.ts';
import { InputError } from './platform/errors/idp-error.ts';
import { faultOfSecureOrigin } from './platform/util/web-url.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const isMasterKeySetting = (text: string) => isSecretSource(text) || text.split(/[\s,]+/).every(isMasterKey);

const isTrustProxy = (text: string) =>
  /^[1-9]\d?$/.test(text) ||
  text
    .split(',')
    .every((part) => isNetwork(part.trim()) || ['loopback', 'linklocal', 'uniquelocal'].includes(part.trim()));

/**
 * An unencoded `@`, `/`, `?` or `#` in the password ends it there: what follows would be taken for the host or the
 * database, and errors would name it.
 */
function faultOfDatabaseUrl(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return 'it does not begin with postgres://';
  const signs = text.split('@').length - 1;
  const [authority = ''] = text.slice(text.indexOf('//') + 2).split(/[/?#]/);
  if (signs > 1 || (signs === 1 && !authority.includes('@')) || text.includes('#') || /%(?![0-9a-f]{2})/i.test(text)) {
    return 'characters such as @ / ? # % in its user name or password must be percent-encoded, e.g. @ as %40';
  }
  return URL.canParse(text)
    ? undefined
    : 'it is malformed; in its user name and password, percent-encode all characters but letters and digits';
}

/** Turns what is wrong with a value into an issue that readSettings adds to its message. */
const without = (faultOf: (text: string) => string | undefined) => (text: string, context: z.RefinementCtx<string>) => {
  const fault = faultOf(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', params: { fault } });
};

/** URIs are ASCII without spaces (RFC 3986), so this one can't break a line of security.txt. */
const isContact = (text: string) =>
  /^[!-~]+$/.test(text) &&
  (/^mailto:[^@,?]+@[^@,?]+$/.test(text) || (text.startsWith('https://') && URL.canParse(text)));

/** The shape of every setting. `accepted` says in words what is valid: the error and the documentation show it. */
export const settingsSchema = z.strictObject({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .refine((port) => port >= 1 && port <= 65_535)
    .default(3000)
    .meta({ accepted: 'a port number, 1 to 65535', purpose: 'Port that the service listens on.' }),
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/)
    .default('127.0.0.1')
    .meta({
      accepted: 'an IP address or a host name of this machine',
      purpose: 'Address that the service listens on.',
    }),
  PUBLIC_URL: z.string().superRefine(without(faultOfSecureOrigin)).optional().meta({
    accepted: 'an https origin without path or closing slash, e.g. https://sso.example.com (http only for localhost)',
    purpose: 'The only source of absolute URLs: Entity IDs, SSO Service URLs, links. Never the Host header.',
    defaultText: '`http://localhost:PORT`',
  }),
  DATABASE_URL: z.string().superRefine(without(faultOfDatabaseUrl)).optional().meta({
    accepted: 'a PostgreSQL URL, e.g. postgres://user:password@host:5432/ic_idp',
    purpose: 'The PostgreSQL database. Without it, the service runs an embedded PostgreSQL in DATA_DIR.',
    defaultText: 'none: embedded PostgreSQL in `DATA_DIR`',
    secret: true,
  }),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .meta({ accepted: 'a folder', purpose: 'Folder of the embedded database, for one machine.' }),
  MASTER_KEY: z.string().refine(isMasterKeySetting).optional().meta({
    accepted:
      '32 bytes in base64, as `openssl rand -base64 32` prints them; or file:<path>, or command:<command line>, that hold or print them; while it is rotated the new and the old key, separated by a comma',
    purpose: 'Seals private keys at rest. Required with DATABASE_URL.',
    defaultText: 'embedded: made on the first start in `certs/master.key` (mode 0600)',
    secret: true,
  }),
  PKCS11_LIBRARY: z.string().refine(isAbsolute).optional().meta({
    accepted: 'the absolute path of a PKCS#11 library, e.g. /usr/lib/softhsm/libsofthsm2.so',
    purpose:
      'The library of a hardware security module (HSM) for signing keys: see [HSM](hsm.md). It is a setting, not a database row, so that write access to the database is not enough to have a library loaded.',
    defaultText: 'none: keys are sealed in the database',
  }),
  PKCS11_TOKEN: z
    .string()
    .regex(/^[^\0]{1,32}$/)
    .optional()
    .meta({
      accepted: 'the label of a token, at most 32 characters',
      purpose: 'The HSM’s token (partition) with the keys.',
      defaultText: 'none',
    }),
  PKCS11_PIN: z.string().min(1).optional().meta({
    accepted: 'the PIN of the token’s user; or file:<path>, or command:<command line>, that hold or print it',
    purpose: 'Opens the token.',
    defaultText: 'none',
    secret: true,
  }),
  TRUST_PROXY: z.string().refine(isTrustProxy).optional().meta({
    accepted: 'a number of proxies, or addresses and networks separated by commas, e.g. 10.0.0.0/8,loopback',
    purpose: 'Which reverse proxies to trust for the client’s address (X-Forwarded-For).',
    defaultText: 'none',
  }),
  SECURITY_CONTACT: z.string().refine(isContact).optional().meta({
    accepted: 'a mailto: or https: URL, e.g. mailto:security@riverton.example',
    purpose: 'Where to report a vulnerability: `/.well-known/security.txt` says so (RFC 9116).',
    defaultText: 'none: there is no such page',
  }),
  LOG_LEVEL: z
    .enum(LOG_LEVELS)
    .default('info')
    .meta({ accepted: `one of ${LOG_LEVELS.join(', ')}`, purpose: 'How much is logged.' }),
});

export type SettingName = keyof typeof settingsSchema.shape;
const SETTING_NAMES = Object.keys(settingsSchema.shape) as SettingName[];

export type Settings = Omit<z.infer<typeof settingsSchema>, 'PUBLIC_URL'> & { readonly PUBLIC_URL: string };

/** Names that a `.env` file shared with docker compose may have besides the settings. */
const FOREIGN_IN_ENV_FILE = /^(POSTGRES|SANDBOX|COMPOSE|NODE|TEST)_/;

/** Tells whether one typo (a letter added, missing, different, or two swapped) leads from one name to the other. */
function isSlip(given: string, name: string): boolean {
  let start = 0;
  while (start < given.length && given[start] === name[start]) start += 1;
  const [a, b] = [given.slice(start), name.slice(start)];
  return (
    a.slice(1) === b ||
    a === b.slice(1) ||
    a.slice(1) === b.slice(1) ||
    (a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2))
  );
}

function refuseUnknown(name: string, source: string): void {
  const near = SETTING_NAMES.find((known) => isSlip(name, known));
  const hint = near === undefined ? `The settings are ${SETTING_NAMES.join(', ')}.` : `Did you mean ${near}?`;
  throw new InputError(`Setting ${name} (from ${source}) is unknown. ${hint}`);
}

function collect(environment: NodeJS.ProcessEnv, envFile: Record<string, string | undefined>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(envFile)) {
    if (!(name in settingsSchema.shape) && !FOREIGN_IN_ENV_FILE.test(name)) refuseUnknown(name, '.env');
    if (name in settingsSchema.shape && value !== undefined && value !== '') given[name] = value;
  }
  for (const [name, value] of Object.entries(environment)) {
    // Most names in the environment belong to other programs: report only one that is a typo away from a long name
    // here.
    if (!(name in settingsSchema.shape)) {
      if (name.length > 7 && SETTING_NAMES.some((known) => isSlip(name, known))) refuseUnknown(name, 'the environment');
    } else if (value !== undefined && value !== '') given[name] = value;
  }
  return given;
}

/**
 * Reads the settings. The environment wins over the `.env` file; an empty value counts as not given.
 *
 * @throws InputError naming the setting, the given value (unless it is a secret) and what is valid; or where the `.env` file
 *   may be another user's
 */
export function readSettings(
  environment: NodeJS.ProcessEnv,
  envFile: Record<string, string | undefined> = readEnvFile('.env'),
): Settings {
  const given = collect(environment, envFile);
  const result = settingsSchema.safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    const name = issue?.path[0] as SettingName;
    const fault: unknown = issue?.code === 'custom' ? issue.params?.fault : undefined;
    const { accepted, secret } = settingsSchema.shape[name].meta() as { accepted: string; secret?: boolean };
    const shown = secret ? 'is not valid' : `is "${given[name]}"`;
    throw new InputError(`Setting ${name} ${shown}. It must be ${accepted}${fault === undefined ? '' : `: ${fault}`}.`);
  }
  const settings = result.data;
  if (settings.DATABASE_URL !== undefined && settings.MASTER_KEY === undefined) {
    throw new InputError(
      'Setting MASTER_KEY is missing. It is required with DATABASE_URL: 32 bytes in base64, as `openssl rand -base64 32` prints them. Keep it somewhere safe: without it no private key can be used again.',
    );
  }
  moduleSettings(settings);
  return { ...settings, PUBLIC_URL: settings.PUBLIC_URL ?? `http://localhost:${settings.PORT}` };
}

const MODULE_SETTINGS = ['PKCS11_LIBRARY', 'PKCS11_TOKEN', 'PKCS11_PIN'] as const;

/**
 * The settings of the HSM, if there is one.
 *
 * @throws InputError if only some of them are set
 */
export function moduleSettings(settings: Pick<Settings, (typeof MODULE_SETTINGS)[number]>): HsmSettings | undefined {
  const { PKCS11_LIBRARY: library, PKCS11_TOKEN: token, PKCS11_PIN: pin } = settings;
  if (library !== undefined && token !== undefined && pin !== undefined) return { library, token, pin };
  const missing = MODULE_SETTINGS.filter((name) => settings[name] === undefined);
  if (missing.length === MODULE_SETTINGS.length) return undefined;
  throw new InputError(`An HSM needs all of ${MODULE_SETTINGS.join(', ')}. Missing: ${missing.join(', ')}.`);
}

const WRITABLE_BY_EVERYBODY = 0o002;
const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Commands are called from any folder, and MASTER_KEY may be a command line: a `.env` of another user must not decide what
 * runs. The owner of the project's files decides that anyway.
 */
function requireOwn({ uid, mode }: Stats, path: string): void {
  const self = process.getuid?.();
  if (self === undefined) return;
  const shown = resolve(path);
  if (uid !== self && uid !== 0 && uid !== statSync(PROJECT).uid) {
    throw new InputError(
      `The settings file ${shown} belongs to another user (id ${uid}), so it is not read. Run from the folder of the installation, or check the file and take it over: chown ${self} ${shown}`,
    );
  }
  if ((mode & WRITABLE_BY_EVERYBODY) !== 0) {
    throw new InputError(
      `The settings file ${shown} can be changed by every user. Check its content, then run: chmod o-w ${shown}`,
    );
  }
}

/** @throws InputError where another user may have written the file */
function readEnvFile(path: string): Record<string, string | undefined> {
  if (!existsSync(path)) return {};
  const descriptor = openSync(path, 'r');
  try {
    requireOwn(fstatSync(descriptor), path);
    return parseEnv(readFileSync(descriptor, 'utf8'));
  } finally {
    closeSync(descriptor);
  }
}
