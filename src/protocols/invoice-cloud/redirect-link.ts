/** ViewMode of a redirect link: 0 for a full page, 1 for an iframe. */
export type ViewMode = 0 | 1;

/** Everything a redirect link contains. */
export interface RedirectLink {
  /** Scheme and host, e.g. `https://sso.invoicecloud.com`. */
  readonly base: string;
  readonly billerGuid: string;
  readonly account: string;
  readonly viewMode: ViewMode;
  /** DeepLinkID. */
  readonly destination: number;
}

/** An unusable part of a redirect link. `part` is its name in the link. */
export class RedirectLinkError extends Error {
  readonly part: 'base' | 'BillerGUID' | 'account' | 'ViewMode' | 'DeepLinkID';

  constructor(part: RedirectLinkError['part'], message: string) {
    super(message);
    this.name = 'RedirectLinkError';
    this.part = part;
  }
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MAX_ACCOUNT_CHARACTERS = 100;

/** @returns whether the text is a GUID in its usual form: 8-4-4-4-12 hexadecimal digits */
export function isBillerGuid(text: string): boolean {
  return GUID.test(text);
}

/**
 * @returns whether the text works as an account number in links and claims: 1 to 100 characters, none of them control
 */
export function isAccountNumber(text: string): boolean {
  return text.length > 0 && text.length <= MAX_ACCOUNT_CHARACTERS && text.trim() === text && !/[\p{C}]/u.test(text);
}

/** @returns whether the text is an http or https origin, without a path */
export function isLinkBase(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text);
}

/**
 * Builds the link that starts a sign-on at Invoice Cloud, with the parameters in this order and spelling:
 * `<base>/saml/<BillerGUID>?account=<account>&ViewMode=<0|1>&DeepLinkID=<number>`.
 *
 * @throws RedirectLinkError naming the unusable part
 */
export function buildRedirectLink({ base, billerGuid, account, viewMode, destination }: RedirectLink): string {
  if (!isLinkBase(base)) {
    throw new RedirectLinkError('base', `"${base}" is not an origin such as https://sso.invoicecloud.com`);
  }
  if (!isBillerGuid(billerGuid)) throw new RedirectLinkError('BillerGUID', `"${billerGuid}" is not a GUID`);
  if (!isAccountNumber(account)) {
    throw new RedirectLinkError(
      'account',
      `an account number must have 1 to ${MAX_ACCOUNT_CHARACTERS} printable characters`,
    );
  }
  if (viewMode !== 0 && viewMode !== 1) throw new RedirectLinkError('ViewMode', 'ViewMode must be 0 or 1');
  if (!Number.isSafeInteger(destination) || destination < 1) {
    throw new RedirectLinkError('DeepLinkID', 'DeepLinkID must be a positive whole number');
  }
  return `${base}/saml/${billerGuid}?account=${encodeURIComponent(account)}&ViewMode=${viewMode}&DeepLinkID=${destination}`;
}
