/** The short names of the SAML status codes (SAML core, 3.2.2.2) that an error can have. */
type SamlStatus =
  | 'VersionMismatch'
  | 'Requester'
  | 'Responder'
  | 'UnsupportedBinding'
  | 'AuthnFailed'
  | 'InvalidNameIDPolicy'
  | 'NoAuthnContext'
  | 'NoPassive'
  | 'UnknownPrincipal';

/** One error of the catalog. */
export interface ErrorEntry {
  /** The HTTP status. */
  readonly status: number;
  /** The heading of the page. */
  readonly title: string;
  /** What happened, in words for the person who sees it. */
  readonly sentence: string;
  /** What to do. */
  readonly remedy: string;
  /**
   * The status (SAML core, 3.2.2.2) for the Service Provider. An error that has one is answered to the ACS, once
   * Service Provider and ACS are trusted; every other error is a page.
   */
  readonly saml?: readonly [SamlStatus, SamlStatus?] | undefined;
}

/**
 * The catalog says “your utility”. Where the biller is known, its page says the name.
 *
 * @param text a sentence of the catalog
 */
export const withName = (text: string, billerName: string | undefined): string =>
  billerName === undefined ? text : text.replaceAll('your utility', () => billerName);

const WAY_BACK = /go back to your utility’s website/i;

/**
 * For a page that has no link back, because the biller has registered no portal.
 *
 * @param remedy of the catalog @returns it with where to find the website, if it leads there
 */
export const withoutLink = (remedy: string): string =>
  WAY_BACK.test(remedy) ? `${remedy} The address of the website is on your bill.` : remedy;

export const startAgain = 'Go back to your utility’s website and choose “Pay my bill” again.';
export const tellUtility = 'Please tell your utility, and give them the reference below.';
