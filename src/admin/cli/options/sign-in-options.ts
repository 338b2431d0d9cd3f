import { type Command, InvalidArgumentError, Option } from 'commander';
import { CLIENT_AUTH_CHOICES, SIGN_IN_CHOICES } from '../../../core/billers/settings.ts';
import { readBytes } from '../read-input.ts';

const CLASSES = 'urn:oasis:names:tc:SAML:2.0:ac:classes:';

/** `mfa=MobileTwoFactorContract`; repeatable. `none` alone removes all of them. */
function acr(text: string, all: Record<string, string> = {}): Record<string, string> {
  if (text === 'none') return {};
  const equals = text.lastIndexOf('=');
  const [value, classRef] = [text.slice(0, equals), text.slice(equals + 1)];
  if (equals < 1 || classRef === '') {
    throw new InvalidArgumentError(
      `"${text}" is wrong. It must be <acr>=<class>, e.g. mfa=MobileTwoFactorContract, or none.`,
    );
  }
  if (Object.hasOwn(all, value)) throw new InvalidArgumentError(`The acr "${value}" is mapped twice.`);
  return { ...all, [value]: classRef.includes(':') ? classRef : CLASSES + classRef };
}

/** Adds the options for how portal users of a biller sign in. */
export function addSignInOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--sign-in <where>',
        'where portal users sign in who did not come by a launch: in the embedded directory, or at an OpenID Connect provider (default: directory)',
      ).choices([...SIGN_IN_CHOICES]),
    )
    .option('--oidc-issuer <url>', 'issuer of the OpenID Connect provider; none: it has none (default: none)')
    .option('--oidc-client-id <id>', 'client ID that the provider gave us; none: it gave none (default: none)')
    .addOption(
      new Option(
        '--oidc-client-auth <method>',
        'how we prove who we are to the provider (default: client_secret_basic)',
      ).choices([...CLIENT_AUTH_CHOICES]),
    )
    .option('--oidc-scopes <scopes>', 'scopes to ask for, separated by spaces (default: openid email)')
    .option('--oidc-email-claim <claim>', 'claim that states the email address (default: email)')
    .option('--oidc-unverified-email', 'accept an email address that the provider has not verified (default: off)')
    .option('--no-oidc-unverified-email', 'accept none')
    .option(
      '--oidc-accounts-claim <claim>',
      'claim that states the accounts: numbers, or objects with number and role; none: the API or an import gives them (default: none)',
    )
    .option('--oidc-default-role <role>', 'role of an account that is stated without one (default: user)')
    .option(
      '--oidc-acr <acr=class>',
      'AuthnContext class that an acr of the provider stands for, as a URI or its short name; repeatable; none: remove them',
      acr,
    );
}

type Options = Readonly<Record<string, unknown>>;
const orNone = (given: unknown) => (given === 'none' ? null : given);

/** @param options as commander read them @returns the settings among them, undefined if they were not given */
export const signInSettingsFrom = (options: Options): Record<string, unknown> => ({
  signIn: options.signIn,
  oidcIssuer: orNone(options.oidcIssuer),
  oidcClientId: orNone(options.oidcClientId),
  oidcClientAuth: options.oidcClientAuth,
  oidcScopes: options.oidcScopes,
  oidcEmailClaim: options.oidcEmailClaim,
  oidcUnverifiedEmail: options.oidcUnverifiedEmail,
  oidcAccountsClaim: orNone(options.oidcAccountsClaim),
  oidcDefaultRole: options.oidcDefaultRole,
  oidcAcr: options.oidcAcr,
});

export const CLIENT_SECRET_OPTION = [
  '--oidc-client-secret-file <file>',
  'file with the client secret of the OpenID Connect provider, or with our private key (PEM) for private_key_jwt; -: standard input',
] as const;

/** @returns the content of the file, if one was given @throws InputError if it can't be read */
export async function readClientSecretFile(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return (await readBytes('--oidc-client-secret-file', file)).toString('utf8');
}
