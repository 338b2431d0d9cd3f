import { X509Certificate } from 'node:crypto';
import type { Biller } from '../billers/biller.ts';
import { checkedUrl } from '../http/safe-url.ts';
import { Refusal } from '../refusal.ts';
import { samlNames } from './saml-names.ts';
import { childrenNamed, readXml, type XmlElement } from './xml-tree.ts';

type Copied = Omit<Biller['copied'], 'at'>;

/** Certificates that are kept besides the first. */
const MAX_OTHERS = 9;

/**
 * Reads the data that onboarding copies from an Identity Provider's metadata: Entity ID, the SSO Service URL for the
 * binding, and the signing certificates that are kept, the first one apart from the others.
 * @throws Refusal that says what is missing
 */
export function readIdpMetadata(xml: string, { binding, keeps }: Pick<Biller, 'binding' | 'keeps'>, now: Date): Copied {
  const entity = readEntity(xml);
  const entityId = entity.attributes.get('entityID') ?? '';
  if (entityId === '' || entityId.length > 1024) {
    throw unusable('It has no entityID (or one longer than 1024 characters).');
  }
  const role = childrenNamed(entity, samlNames.metadata, 'IDPSSODescriptor').find((candidate) =>
    (candidate.attributes.get('protocolSupportEnumeration') ?? '').split(/\s+/).includes(samlNames.protocol),
  );
  if (role === undefined) {
    throw unusable('It has no IDPSSODescriptor for SAML 2.0, so it does not describe an Identity Provider.');
  }
  checkValidUntil(entity, now);
  checkValidUntil(role, now);
  return { entityId, ssoUrl: readSsoUrl(role, binding), ...readCertificates(role, keeps, now) };
}

function readEntity(xml: string): XmlElement {
  let root: XmlElement;
  try {
    root = readXml(xml);
  } catch (error) {
    throw unusable(`It is not well-formed XML: ${error instanceof Error ? error.message : String(error)}.`, error);
  }
  if (root.namespace !== samlNames.metadata || root.name !== 'EntityDescriptor') {
    throw unusable(`Its root is ${root.name}; it must be a SAML 2.0 EntityDescriptor.`);
  }
  return root;
}

function checkValidUntil(element: XmlElement, now: Date): void {
  const validUntil = element.attributes.get('validUntil');
  if (validUntil !== undefined && !(Date.parse(validUntil) > now.getTime())) {
    throw unusable(`It expired at ${validUntil}.`);
  }
}

function readSsoUrl(role: XmlElement, binding: Biller['binding']): string {
  const wanted = binding === 'HTTP-POST' ? samlNames.httpPost : samlNames.httpRedirect;
  const service = childrenNamed(role, samlNames.metadata, 'SingleSignOnService').find(
    (candidate) => candidate.attributes.get('Binding') === wanted,
  );
  const location = service?.attributes.get('Location');
  if (location === undefined) {
    throw unusable(`It has no SingleSignOnService for ${binding}.`);
  }
  if (checkedUrl(location) === undefined) {
    throw unusable(
      `Its SSO Service URL for ${binding} is ${location}; it must be an https URL (http for localhost only).`,
    );
  }
  return location;
}

function readCertificates(
  role: XmlElement,
  keeps: Biller['keeps'],
  now: Date,
): Pick<
  Copied,
  'certificatePem' | 'certificateFingerprint' | 'certificateSubject' | 'certificateNotAfter' | 'otherCertificatesPem'
> {
  // A KeyDescriptor without `use` is for both signing and encryption (SAML metadata 2.4.1.1).
  const [encoded, ...others] = childrenNamed(role, samlNames.metadata, 'KeyDescriptor')
    .filter((key) => (key.attributes.get('use') ?? 'signing') === 'signing')
    .flatMap((key) => childrenNamed(key, samlNames.signature, 'KeyInfo'))
    .flatMap((info) => childrenNamed(info, samlNames.signature, 'X509Data'))
    .flatMap((data) => childrenNamed(data, samlNames.signature, 'X509Certificate'));
  if (encoded === undefined) {
    throw unusable('It has no signing certificate.');
  }
  const parsed = ({ text }: XmlElement) => new X509Certificate(Buffer.from(text.replaceAll(/\s+/g, ''), 'base64'));
  let certificate: X509Certificate;
  let further: X509Certificate[];
  try {
    certificate = parsed(encoded);
    further = keeps === 'first' ? [] : others.slice(0, MAX_OTHERS).map(parsed);
  } catch (error) {
    throw unusable('One of its signing certificates is not a base64 X.509 certificate.', error);
  }
  const notAfter = new Date(certificate.validTo);
  if (!(notAfter > now)) {
    throw unusable(`Its first signing certificate expired on ${notAfter.toISOString()}.`);
  }
  return {
    certificatePem: certificate.toString(),
    certificateFingerprint: certificate.fingerprint256,
    certificateSubject: certificate.subject.replaceAll('\n', ', '),
    certificateNotAfter: notAfter.toISOString(),
    otherCertificatesPem: further.map((one) => one.toString()),
  };
}

function unusable(what: string, cause?: unknown): Refusal {
  return new Refusal(
    'metadata-unusable',
    400,
    `The metadata can't be used. ${what}`,
    'Open the metadata URL in a browser, and ask the Identity Provider to fix it.',
    cause,
  );
}
