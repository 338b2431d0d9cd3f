import type { OperationInput, OperationName } from '../../operations/registry.ts';
import { SETTING_OPTIONS } from './setting-names.ts';

type FieldsOf<Name extends OperationName> = keyof OperationInput<Name> & string;
type Field = { [Name in OperationName]: FieldsOf<Name> }[OperationName];

/** The name of each field of an operation's input on the command line: an argument, an option, or words. */
export const FIELD_OPTIONS: Readonly<Record<Exclude<Field, 'settings'>, string>> = {
  import: '<file>',
  apply: '--dry-run',
  source: '--source',
  externalId: '--id',
  slug: '<slug>',
  biller: '<biller>',
  billers: '<biller>',
  rows: '<file>',
  name: '--name',
  billerGuid: '--guid',
  spMetadata: '--sp-metadata',
  metadataUrl: '--sp-metadata',
  entityId: '--entity-id',
  acs: '--acs',
  spCertificates: '--sp-certificate',
  spEncryptionCertificates: '--sp-encryption-certificate',
  oidcClientSecret: '--oidc-client-secret-file',
  oidcUsers: '--oidc-users',
  keyType: '--key-type',
  module: '--module',
  sameServiceProvider: '--yes',
  state: 'The difference that was shown',
  email: '<email>',
  newEmail: '--email',
  password: 'Password',
  accounts: '--account',
  disabled: '--disable',
  entityIds: '--entity-ids',
  account: '--account',
  destination: '--destination',
  viewMode: '--view-mode',
  role: '--role',
  expires: '--expires',
  id: '<id>',
  reason: '--reason',
  days: '--days',
  hours: '--hours',
  networks: '--from',
  confirmed: '--yes',
  verdict: '--accepted',
  force: '--force',
  staged: '--staged',
  fingerprint: '--fingerprint',
  replace: '--key-type',
  file: '<file>',
  certificateOnly: '--certificate',
  passphrase: '--passphrase-file',
  label: '--module-label',
  certificate: '--certificate',
  format: '--format',
  url: '<url>',
  user: '--user',
  returnUrl: '--return-url',
  refreshUrl: '--refresh-url',
  session: '--session',
  all: '--all',
  loginType: '--login-type',
  address: '--address',
  event: '--event',
  reference: '--reference',
  request: '--request',
  assertion: '--assertion',
  since: '--since',
  before: '--before',
  after: '--after',
  limit: '--limit',
  text: '<message>',
  showValues: '--show-values',
};

/** Fields whose name differs in some operations. */
const EXCEPTIONS: { readonly [Name in OperationName]?: Partial<Record<FieldsOf<Name>, string>> } = {
  'biller.link': { slug: '<biller>' },
  'biller.metadata': { slug: '<biller>' },
  'user.list': { email: '--email' },
  'audit.list': { biller: '--biller', email: '--email' },
  'session.list': { email: '--email' },
  'launch.make': { email: '--email' },
  'session.end': { email: '--email' },
  'installation.move': { address: '<origin>' },
  inspect: { biller: '--biller' },
  'trace.show': { reference: '<reference>' },
};

/**
 * @param field path of a field in the operation's input, e.g. `settings.loginTypes.owner`
 * @returns its name on the command line, e.g. `--login-type (owner)`
 */
export function optionOf(operation: OperationName, field: string): string {
  const [first = '', ...rest] = field.split('.');
  if (first === 'settings') {
    const [setting = '', ...inside] = rest;
    const option = (SETTING_OPTIONS as Readonly<Record<string, readonly string[]>>)[setting]?.[0] ?? setting;
    return inside.length === 0 ? option : `${option} (${inside.join(' ')})`;
  }
  const exceptions: Readonly<Record<string, string | undefined>> = EXCEPTIONS[operation] ?? {};
  return exceptions[first] ?? (FIELD_OPTIONS as Readonly<Record<string, string>>)[first] ?? first;
}
