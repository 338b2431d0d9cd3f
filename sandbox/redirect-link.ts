import { readGuid } from './billers/biller.ts';
import { Refusal } from './refusal.ts';

/** Where a sign-on should end, according to the redirect link. */
export interface RequestedPage {
  readonly account: string;
  readonly viewMode: 0 | 1;
  readonly deepLinkId: number;
}

/**
 * Reads the BillerGUID in a URL.
 * @throws Refusal if it is not a GUID
 */
export function guidFromPath(params: unknown): string {
  const text = field(params, 'billerGuid') ?? '';
  const guid = readGuid(text);
  if (guid === undefined) {
    throw new Refusal(
      'bad-link',
      400,
      `"${text.slice(0, 60)}" is not a BillerGUID.`,
      'Compare the link with the original.',
    );
  }
  return guid;
}

/**
 * Reads the query of a redirect link: `account`, `ViewMode` and `DeepLinkID`, each exactly once.
 * @throws Refusal that names the parameter and what is accepted
 */
export function readRedirectLink(query: unknown): RequestedPage {
  const account = field(query, 'account');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (account === undefined || account.length > 100 || /[\u0000-\u001f\u007f]/.test(account)) {
    throw badLink('account', 'an account number, 1 to 100 characters');
  }
  const viewMode = field(query, 'ViewMode');
  if (viewMode !== '0' && viewMode !== '1') {
    throw badLink('ViewMode', '0 (full page) or 1 (inside an iframe)');
  }
  const deepLinkId = field(query, 'DeepLinkID') ?? '';
  if (!/^[1-9][0-9]{0,8}$/.test(deepLinkId)) {
    throw badLink('DeepLinkID', 'a positive whole number');
  }
  return { account, viewMode: viewMode === '1' ? 1 : 0, deepLinkId: Number(deepLinkId) };
}

/** A field of a parsed query, path or form, if it appears once and is not empty. */
export function field(source: unknown, name: string): string | undefined {
  const value = typeof source === 'object' && source !== null ? Reflect.get(source, name) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function badLink(name: string, accepted: string): Refusal {
  return new Refusal(
    'bad-link',
    400,
    `The link must contain ${name} exactly once, with this value: ${accepted}.`,
    'The link has the form /saml/<BillerGUID>?account=101Invoice&ViewMode=0&DeepLinkID=3.',
  );
}
