import { type Command, InvalidArgumentError, Option } from 'commander';
import { ATTRIBUTE_NAME_FORMATS, NAME_ID_FORMATS } from '../saml/names.ts';
import { SIGN_CHOICES } from '../saml/response.ts';

const collect = (value: string, all: string[] = []) => [...all, value];

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected is a whole number.');
  return Number(text);
}

/** `owner=1,co-owner=5` */
function roleMapping(text: string): Record<string, number> {
  const mapping: Record<string, number> = {};
  for (const part of text.split(',')) {
    const match = /^\s*([A-Za-z][\w-]*)\s*=\s*(\d{1,2})\s*$/.exec(part);
    if (match === null)
      throw new InvalidArgumentError(`"${part}" is wrong. Expected is <role>=<number>, e.g. owner=1,co-owner=5.`);
    mapping[match[1] as string] = Number(match[2]);
  }
  return mapping;
}

const names = Object.keys(ATTRIBUTE_NAME_FORMATS);

/** `Email` or `Email:uri`: the claim's name, and after the last colon its name format where that is one. */
function claim(text: string): { name: string; nameFormat: string } {
  const colon = text.lastIndexOf(':');
  const format = text.slice(colon + 1);
  if (colon > 0 && names.includes(format)) return { name: text.slice(0, colon), nameFormat: format };
  return { name: text, nameFormat: 'basic' };
}

const claimHelp = (what: string, name: string) =>
  `claim of the ${what}: <name>[:${names.join('|')}] (default: ${name})`;

/** Adds the options that stand for a biller's settings. Absent options leave a setting as it is. */
export function addSettingsOptions(command: Command): Command {
  return command
    .option('--login-type <role=number,...>', 'login types by role, e.g. owner=1,co-owner=5', roleMapping)
    .option('--default-login-type <number>', 'login type of every other role (default: 5)', wholeNumber)
    .option('--email-claim <claim>', claimHelp('email address', 'Email'), claim)
    .option('--login-type-claim <claim>', claimHelp('login type', 'LoginType'), claim)
    .option('--account-number-claim <claim>', claimHelp('account number', 'AccountNumber'), claim)
    .option('--no-account-number', 'send no account number')
    .addOption(
      new Option(
        '--name-id-format <format>',
        'NameID unless the request asks for another (default: emailAddress)',
      ).choices(Object.keys(NAME_ID_FORMATS)),
    )
    .addOption(new Option('--sign <what>', 'what is signed (default: both)').choices([...SIGN_CHOICES]))
    .addOption(
      new Option('--view-mode <mode>', 'ViewMode of links: 0 full page, 1 iframe (default: 0)').choices(['0', '1']),
    )
    .option('--redirect-link-base <origin>', 'where redirect links start (default: https://sso.invoicecloud.com)')
    .option('--acs-redirect-origin <origin>', 'origin that the ACS redirects to, besides its own; repeatable', collect)
    .option('--portal-url <url>', 'page of the portal that errors lead back to; its origin may frame our pages')
    .option('--assertion-lifetime <seconds>', 'lifetime of an assertion (default: 300)', wholeNumber)
    .option('--clock-skew <seconds>', 'how far clocks may differ (default: 60)', wholeNumber)
    .option('--request-max-age <seconds>', 'how old a sign-on request may be (default: 300)', wholeNumber)
    .option('--relay-state-max <bytes>', 'longest RelayState (default: 1024)', wholeNumber)
    .option('--session-idle <minutes>', 'a session ends after this long without use (default: 30)', wholeNumber)
    .option('--session-lifetime <minutes>', 'a session ends after this long in any case (default: 480)', wholeNumber);
}

type Options = Readonly<Record<string, unknown>>;

/** @param options as commander read them @returns the settings among them, by their names in the database */
export function settingsFrom(options: Options): Record<string, unknown> {
  const settings: Record<string, unknown> = {
    loginTypes: options.loginType,
    defaultLoginType: options.defaultLoginType,
    emailClaim: options.emailClaim,
    loginTypeClaim: options.loginTypeClaim,
    accountNumberClaim: options.accountNumber === false ? null : options.accountNumberClaim,
    nameIdFormat: options.nameIdFormat,
    sign: options.sign,
    viewMode: options.viewMode === undefined ? undefined : Number(options.viewMode),
    redirectLinkBase: options.redirectLinkBase,
    acsRedirectOrigins: options.acsRedirectOrigin,
    portalUrl: options.portalUrl,
    assertionLifetimeSeconds: options.assertionLifetime,
    clockSkewSeconds: options.clockSkew,
    requestMaxAgeSeconds: options.requestMaxAge,
    relayStateMaxBytes: options.relayStateMax,
    sessionIdleMinutes: options.sessionIdle,
    sessionLifetimeMinutes: options.sessionLifetime,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
