import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import type { HsmSettings } from './core/keys/hsm/hsm.ts';
import { isNetwork } from './core/keys/publication/fetcher.ts';
import { isMasterKey } from './core/secrets/master-key-source.ts';
import { isSecretSource, readSecretFile } from './core/secrets/secret-source.ts';
import { InputError } from './platform/errors/idp-error.ts';
import { findExposure } from './platform/files/exposure.ts';
import { PLAIN_COMMAND } from './platform/util/as-typed.ts';
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
    accepted:
      'a PostgreSQL URL, e.g. postgres://user:password@host:5432/ic_idp; or file:<path> of a file that holds it',
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
    accepted: 'a number of proxies, or addresses and small networks separated by commas, e.g. 10.0.0.5,10.0.0.6',
    purpose:
      'Which reverse proxies to trust for the client’s address (X-Forwarded-For). List only the proxies: every client in a trusted network can claim any address.',
    defaultText: 'none',
  }),
  IC_IDP_ACTOR: z
    .string()
    .regex(/^[^\p{C}]{1,100}$/u)
    .optional()
    .meta({
      accepted: 'a name, at most 100 characters, e.g. ada@riverton.example',
      purpose:
        'Who runs the commands: a person or a job, for the [audit](audit.md). Set it in the environment, not in `.env`, which several people share. What it says is not verified, so the audit adds the operating system’s user.',
      defaultText: 'the user who called sudo, or else the operating system’s user',
    }),
  IC_IDP_COMMAND: z.string().regex(PLAIN_COMMAND).optional().meta({
    accepted: 'how to call it, at most 200 characters, e.g. kubectl exec deploy/idp -- ic-idp',
    purpose:
      'How messages name the command line, so that commands in them can be copied. Set it in the environment, not in `.env`.',
    defaultText: 'as it was called; in the container `docker compose exec idp ic-idp`',
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
/** What `.env`, which several people and ways of calling share, can't say. */
export const ENVIRONMENT_ONLY = ['IC_IDP_ACTOR', 'IC_IDP_COMMAND'] as const;
const SETTING_NAMES = Object.keys(settingsSchema.shape) as SettingName[];

export type Settings = Omit<z.infer<typeof settingsSchema>, 'PUBLIC_URL'> & {
  readonly PUBLIC_URL: string;
  /** The file that DATABASE_URL was read from. */
  readonly databaseUrlFile?: string;
};

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
    if (ENVIRONMENT_ONLY.some((one) => one === name)) {
      const why = name === 'IC_IDP_ACTOR' ? 'names one person' : 'belongs to one way of calling the commands';
      throw new InputError(`Setting ${name} ${why}: set it in the environment, not in .env.`);
    }
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
 * Parses the settings. The environment wins over the `.env` file; an empty value counts as not given.
 *
 * @throws InputError naming the setting, the given value (unless it is a secret) and what is valid; or where the `.env` file
 *   may be another user's
 */
function parseSettings(environment: NodeJS.ProcessEnv, envFile: Record<string, string | undefined>) {
  const given = collect(environment, envFile);
  const databaseUrlFile = given.DATABASE_URL?.startsWith('file:')
    ? given.DATABASE_URL.slice('file:'.length)
    : undefined;
  if (databaseUrlFile !== undefined) given.DATABASE_URL = readSecretFile('DATABASE_URL', databaseUrlFile).trim();
  const result = settingsSchema.safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    const name = issue?.path[0] as SettingName;
    const fault: unknown = issue?.code === 'custom' ? issue.params?.fault : undefined;
    const { accepted, secret } = settingsSchema.shape[name].meta() as { accepted: string; secret?: boolean };
    const shown = secret ? 'is not valid' : `is "${given[name]}"`;
    throw new InputError(`Setting ${name} ${shown}. It must be ${accepted}${fault === undefined ? '' : `: ${fault}`}.`);
  }
  return { ...result.data, ...(databaseUrlFile === undefined ? {} : { databaseUrlFile }) };
}

/**
 * Reads the settings that say which database it is, for what needs nothing else.
 *
 * @throws InputError as readSettings does
 */
export function readDatabaseSettings(
  environment: NodeJS.ProcessEnv,
  envFile: Record<string, string | undefined> = readEnvFile('.env'),
): Pick<Settings, 'DATABASE_URL' | 'DATA_DIR'> {
  return parseSettings(environment, envFile);
}

/**
 * Reads the settings.
 *
 * @throws InputError naming the setting, the given value (unless it is a secret) and what is valid; or where the `.env` file
 *   may be another user's
 */
export function readSettings(
  environment: NodeJS.ProcessEnv,
  envFile: Record<string, string | undefined> = readEnvFile('.env'),
): Settings {
  const settings = parseSettings(environment, envFile);
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

/**
 * Commands are called from any folder, and MASTER_KEY may be a command line: a `.env` of another user must not decide what
 * runs. The owner of the project's files decides that anyway.
 *
 * @throws InputError where another user may have written the file, or put it there
 */
function readEnvFile(path: string): Record<string, string | undefined> {
  if (!existsSync(path)) return {};
  const found = findExposure(path);
  if (found !== undefined) {
    const shown = resolve(path);
    const where =
      found.path === shown ? `The settings file ${shown}` : `The settings file ${shown} is not read: ${found.path}`;
    throw new InputError(`${where} ${found.sentence}. ${found.remedy}`);
  }
  return parseEnv(readFileSync(path, 'utf8'));
}
