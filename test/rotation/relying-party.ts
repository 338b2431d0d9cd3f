import { X509Certificate } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { SAML } from '@node-saml/node-saml';
import { childrenNamed, parseXml, type XmlElement } from '../../src/protocols/saml/reading/xml.ts';

const SAVING_MS = 300;
const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
const XMLDSIG = 'http://www.w3.org/2000/09/xmldsig#';

/** Every kind of Service Provider that is known, as far as certificates are concerned. */
export const PARTY_KINDS = ['pins', 'copies', 'refetches'] as const;
export type PartyKind = (typeof PARTY_KINDS)[number];

/**
 * A Service Provider, as far as certificates are concerned. `pins` keeps only the first certificate of the metadata
 * that its form was saved with; `copies` keeps what it fetched at that moment; `refetches` accepts all of them, and
 * fetches again and again.
 */
export interface RelyingParty {
  /** Reads metadata as when a form is saved, and keeps what this kind of Service Provider keeps. */
  save(metadataUrl: string): Promise<void>;
  /** @param samlResponse base64, as posted @returns whether node-saml accepts it with what was kept */
  accepts(samlResponse: string): Promise<boolean>;
  /** SHA-256 of what was kept, hexadecimal. */
  kept(): string[];
}

function certificatesOf(metadata: string): string[] {
  const below = (parents: XmlElement[], namespace: string, name: string) =>
    parents.flatMap((parent) => childrenNamed(parent, namespace, name));
  const role = below([parseXml(metadata)], METADATA, 'IDPSSODescriptor');
  const data = below(below(below(role, METADATA, 'KeyDescriptor'), XMLDSIG, 'KeyInfo'), XMLDSIG, 'X509Data');
  return below(data, XMLDSIG, 'X509Certificate').map(({ text }) => text);
}

/** @param entityId its own @param acs where Responses go */
export function createRelyingParty(kind: PartyKind, entityId: string, acs: string): RelyingParty {
  let certificates: string[] = [];
  let saml: SAML | undefined;
  return {
    async save(metadataUrl) {
      const response = await fetch(metadataUrl, { headers: { 'user-agent': `relying-party/${kind}` } });
      if (!response.ok) throw new Error(`the metadata was answered with ${response.status}`);
      const found = certificatesOf(await response.text());
      // Between reading the metadata and storing the certificate, a form is validated and saved.
      if (kind !== 'refetches') await setTimeout(SAVING_MS);
      certificates = kind === 'pins' ? found.slice(0, 1) : found;
      saml = new SAML({
        idpCert: certificates,
        issuer: entityId,
        audience: entityId,
        callbackUrl: acs,
        entryPoint: 'https://idp.example/sso',
        wantAssertionsSigned: true,
        wantAuthnResponseSigned: true,
        acceptedClockSkewMs: 5_000,
      });
    },
    async accepts(samlResponse) {
      try {
        const { profile } = (await saml?.validatePostResponseAsync({ SAMLResponse: samlResponse })) ?? {};
        return profile?.Email !== undefined;
      } catch {
        return false;
      }
    },
    kept: () =>
      certificates.map((one) =>
        new X509Certificate(Buffer.from(one, 'base64')).fingerprint256.replaceAll(':', '').toLowerCase(),
      ),
  };
}

/** Milliseconds between the service and the ACS: most Responses take a moment, and some take half a second. */
export function* transitTimes(): Generator<number, never> {
  for (let turn = 1; ; turn += 1) yield turn % 8 === 0 ? 500 : (turn * 37) % 200;
}
