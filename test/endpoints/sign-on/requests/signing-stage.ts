import { beforeAll } from 'vitest';
import { type BrowserLike, requirePosted, statusOf } from '../../../support/browser/browser-like.ts';
import { authnRequest, postFields } from '../../../support/saml/authn-request.ts';
import { makeSigningKey } from '../../../support/saml/saml.ts';
import { useStage } from '../../../support/stage.ts';

export const SSO_URL = 'https://idp.example/saml/signing/sso';
export const ECDSA = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256';

/** @returns the status of the Response that a page posts */
export const success = (page: Parameters<typeof requirePosted>[0]) => statusOf(requirePosted(page));

/**
 * A stage with three more billers: `signing` requires a signature by the `first` or the `second` key, `checking` accepts
 * one, and `without` has no certificate to verify one.
 */
export async function useSigningStage() {
  const first = await makeSigningKey('RSA-2048');
  const second = await makeSigningKey('EC-P256');
  const stage = useStage();
  beforeAll(async () => {
    const spCertificates = [first.certificatePem, second.certificatePem];
    await stage.addBiller('signing', { spCertificates, settings: { requestSignature: 'required' } });
    await stage.addBiller('checking', { spCertificates });
    await stage.addBiller('without');
  });
  // One sign-in at each biller is enough: passwords are slow to check.
  const browsers = new Map<string, BrowserLike>();
  async function browserAt(biller: string): Promise<BrowserLike> {
    const browser = browsers.get(biller) ?? (await stage.signedIn(biller));
    browsers.set(biller, browser);
    return browser;
  }
  return {
    stage,
    first,
    second,
    /** An unsigned request. */
    message(biller = 'signing'): string {
      const Destination = SSO_URL.replace('signing', biller);
      return authnRequest({ attributes: { Destination, IssueInstant: new Date(stage.now()).toISOString() } });
    },
    /** Sends a query by HTTP-Redirect, signed in. */
    async byRedirect(query: string, biller = 'signing') {
      return (await browserAt(biller)).get(`/saml/${biller}/sso?${query}`);
    },
    /** Sends a message by HTTP-POST, signed in. */
    async byPost(xml: string, relayState?: string, biller = 'signing') {
      const browser = await browserAt(biller);
      return browser.follow(await browser.post(`/saml/${biller}/sso`, postFields(xml, relayState)));
    },
  };
}
