import { randomBytes } from 'node:crypto';
import { type CacheProvider, SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { html } from 'ghtml';
import type { Biller } from '../billers/biller.ts';
import { ExpiringMap } from '../expiring-map.ts';
import { samlNames } from './saml-names.ts';

/** Time limit for a sign-on, from the redirect link to the Response. */
export const signOnLifeMs = 10 * 60_000;
/** Maximum difference between the two clocks. */
export const clockSkewMs = 5_000;
/** Maximum age of an assertion, regardless of its own conditions. */
export const maxAssertionAgeMs = 5 * 60_000;

/** The Service Provider's URLs for one biller. */
export interface ServiceProviderUrls {
  readonly entityId: string;
  readonly acs: string;
}

/** The URLs for a biller; `guid` in lower case, `publicUrl` without a trailing slash. */
export function serviceProviderUrls(publicUrl: string, guid: string): ServiceProviderUrls {
  return { entityId: `${publicUrl}/saml/${guid}/metadata`, acs: `${publicUrl}/saml/${guid}/acs` };
}

/** The Service Provider's metadata for one biller. The escaping of `html` is right for XML too. */
export function serviceProviderMetadata(urls: ServiceProviderUrls): string {
  return html`<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="${samlNames.metadata}" entityID="${urls.entityId}">
  <md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="${samlNames.protocol}">
    <md:NameIDFormat>${samlNames.emailAddress}</md:NameIDFormat>
    <md:AssertionConsumerService Binding="${samlNames.httpPost}" Location="${urls.acs}" index="0" isDefault="true"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
`;
}

/** The IDs of pending AuthnRequests, in the form that node-saml needs: limited in number, and for ten minutes. */
export function requestIdCache(): CacheProvider {
  const identifiers = new ExpiringMap<string>(signOnLifeMs, 10_000);
  return {
    saveAsync: async (key, value) => {
      identifiers.set(key, value);
      return { value, createdAt: Date.now() };
    },
    getAsync: async (key) => identifiers.get(key) ?? null,
    removeAsync: async (key) => (key === null || identifiers.take(key) === undefined ? null : key),
  };
}

/** An AuthnRequest, ready to be sent through the browser. */
export type OutgoingRequest =
  | { readonly kind: 'redirect'; readonly url: string }
  | { readonly kind: 'post'; readonly action: string; readonly fields: Readonly<Record<string, string>> };

/**
 * Writes an AuthnRequest in the biller's binding.
 * @returns the request and its ID, which the Response must name in InResponseTo
 */
export async function writeAuthnRequest(
  biller: Biller,
  urls: ServiceProviderUrls,
  cache: CacheProvider,
  relayState: string,
): Promise<{ id: string; request: OutgoingRequest }> {
  // An xs:ID must not start with a digit.
  const id = `_${randomBytes(20).toString('hex')}`;
  const saml = nodeSaml(biller, urls, cache, { generateUniqueId: () => id });
  if (biller.binding === 'HTTP-Redirect') {
    return { id, request: { kind: 'redirect', url: await saml.getAuthorizeUrlAsync(relayState, undefined, {}) } };
  }
  const message = await saml.getAuthorizeMessageAsync(relayState);
  const fields = Object.fromEntries(Object.entries(message).map(([name, value]) => [name, String(value)]));
  return { id, request: { kind: 'post', action: biller.copied.ssoUrl, fields } };
}

/**
 * Validates a Response with node-saml: signatures, InResponseTo, times, audience.
 * @param responseSigned whether the Response element itself is signed; if so, that signature must be valid too
 * @returns the assertion's XML, from the verified bytes
 * @throws Error with node-saml's message
 */
export async function verifyResponse(
  biller: Biller,
  urls: ServiceProviderUrls,
  cache: CacheProvider,
  encodedResponse: string,
  responseSigned: boolean,
): Promise<string> {
  const saml = nodeSaml(biller, urls, cache, {
    wantAuthnResponseSigned: biller.responseSignatureRequired || responseSigned,
  });
  const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: encodedResponse });
  const assertion = profile?.getAssertionXml?.();
  if (assertion === undefined) {
    throw new Error('The Response contains no assertion');
  }
  return assertion;
}

function nodeSaml(
  biller: Biller,
  urls: ServiceProviderUrls,
  cacheProvider: CacheProvider,
  special: { generateUniqueId?: () => string; wantAuthnResponseSigned?: boolean },
): SAML {
  return new SAML({
    entryPoint: biller.copied.ssoUrl,
    // What was copied. Nothing else is ever trusted.
    idpCert: [biller.copied.certificatePem, ...biller.copied.otherCertificatesPem],
    idpIssuer: biller.copied.entityId,
    issuer: urls.entityId,
    audience: urls.entityId,
    callbackUrl: urls.acs,
    identifierFormat: samlNames.emailAddress,
    disableRequestedAuthnContext: true,
    // The HTTP-POST binding sends the message uncompressed; only HTTP-Redirect deflates (SAML bindings 3.4.4.1, 3.5.4).
    skipRequestCompression: biller.binding === 'HTTP-POST',
    wantAssertionsSigned: true,
    validateInResponseTo: ValidateInResponseTo.always,
    requestIdExpirationPeriodMs: signOnLifeMs,
    acceptedClockSkewMs: clockSkewMs,
    maxAssertionAgeMs,
    cacheProvider,
    ...special,
  });
}
