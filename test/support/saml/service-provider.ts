import { type Profile, SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { newSamlId } from '../../../src/protocols/saml/writing/id.ts';
import type { PostedResponse } from '../browser/browser-like.ts';
import { TEST_ACS, TEST_SP, type TestInstallation } from '../installation.ts';

/** A request as it travels through the browser: `path` holds all of it, unless there are fields to post. */
interface OutgoingRequest {
  readonly id: string;
  readonly path: string;
  /** Fields of the HTTP-POST binding. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** The Service Provider of a test biller: @node-saml/node-saml writes its requests and validates the Responses. */
export interface ServiceProvider {
  /** A new request by either binding. @param relayState left out if it is empty: so does node-saml */
  request(binding: 'HTTP-Redirect' | 'HTTP-POST', relayState?: string): Promise<OutgoingRequest>;
  /**
   * Validates a Response: signatures, Issuer, audience, times, and that it answers a request of this Service Provider
   * which was not answered yet.
   *
   * @returns whom it is about @throws Error if node-saml does not accept it
   */
  judge(posted: PostedResponse): Promise<Profile>;
}

/**
 * Sets up the Service Provider of a biller as its onboarding staff does: certificate and addresses are copied once.
 *
 * @param biller its slug; its SP is TEST_SP at TEST_ACS
 */
export async function createServiceProvider(
  { server, publicUrl }: TestInstallation,
  biller: string,
): Promise<ServiceProvider> {
  const idpCert = (await server.inject(`/saml/${biller}/certificate.pem`)).body;
  let id = '';
  const samlFor = (binding: 'HTTP-Redirect' | 'HTTP-POST', cacheProvider?: SAML['cacheProvider']) =>
    new SAML({
      entryPoint: `${publicUrl}/saml/${biller}/sso`,
      idpCert,
      idpIssuer: `${publicUrl}/saml/${biller}/metadata`,
      issuer: TEST_SP,
      audience: TEST_SP,
      callbackUrl: TEST_ACS,
      skipRequestCompression: binding === 'HTTP-POST',
      generateUniqueId: () => id,
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: true,
      validateInResponseTo: ValidateInResponseTo.always,
      acceptedClockSkewMs: 5_000,
      ...(cacheProvider === undefined ? {} : { cacheProvider }),
    });
  const redirecting = samlFor('HTTP-Redirect');
  // Both know the requests of either.
  const posting = samlFor('HTTP-POST', redirecting.cacheProvider);
  return {
    async request(binding, relayState = '') {
      id = newSamlId();
      const asked = id;
      if (binding === 'HTTP-Redirect') {
        const { pathname, search } = new URL(await redirecting.getAuthorizeUrlAsync(relayState, undefined, {}));
        return { id: asked, path: pathname + search };
      }
      const message = await posting.getAuthorizeMessageAsync(relayState);
      const fields = Object.fromEntries(Object.entries(message).map(([name, value]) => [name, String(value)]));
      return { id: asked, path: `/saml/${biller}/sso`, fields };
    },
    async judge({ xml }) {
      const SAMLResponse = Buffer.from(xml).toString('base64');
      const { profile } = await redirecting.validatePostResponseAsync({ SAMLResponse });
      if (profile === null) throw new Error('there is no assertion in the Response');
      return profile;
    },
  };
}
