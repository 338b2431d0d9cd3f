import { randomBytes } from 'node:crypto';
import { type CacheProvider, SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { html } from 'ghtml';
import type { Biller } from './biller.ts';
import { ExpiringMap } from './expiring-map.ts';
import { samlNames } from './saml-names.ts';

/** How long a sign-on may take, from the redirect link to the Response. */
export const signOnLifeMs = 10 * 60_000;
/** How far the two clocks may be apart. */
export const clockSkewMs = 5_000;
/** How old an assertion may be, whatever it says itself. */
export const maxAssertionAgeMs = 5 * 60_000;

/** The Service Provider's own addresses for one biller. */
export interface ServiceProviderUrls {
  readonly entityId: string;
  readonly acs: string;
}

/** The addresses for a biller; `guid` in lower case, `publicUrl` without a slash at its end. */
export function serviceProviderUrls(publicUrl: string, guid: string): ServiceProviderUrls {
  return { entityId: `${publicUrl}/saml/${guid}/metadata`, acs: `${publicUrl}/saml/${guid}/acs` };
}

/** The Service Provider's metadata for one biller. `html` escapes what is put in, which is right for XML as well. */
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

/** The identifiers of AuthnRequests under way, as node-saml wants them kept: bounded, and for ten minutes. */
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

/** An AuthnRequest, ready to travel through the browser. */
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
  // An xs:ID must not begin with a digit.
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
 * Lets node-saml judge a Response: signatures, InResponseTo, times, audience.
 * @param responseSigned whether the Response element itself bears a signature; if it does, that has to be valid too
 * @returns the assertion's XML, from the bytes that were verified
 * @throws Error with node-saml's sentence
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
    throw new Error('There is no assertion in the Response');
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
    // The one certificate that was copied at onboarding. Nothing else is ever trusted.
    idpCert: biller.copied.certificatePem,
    idpIssuer: biller.copied.entityId,
    issuer: urls.entityId,
    audience: urls.entityId,
    callbackUrl: urls.acs,
    identifierFormat: samlNames.emailAddress,
    disableRequestedAuthnContext: true,
    // The HTTP-POST binding carries the message as it is; only HTTP-Redirect deflates (SAML bindings 3.4.4.1, 3.5.4).
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
