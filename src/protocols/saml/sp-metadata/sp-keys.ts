import { X509Certificate } from 'node:crypto';
import { CertificateError } from '../../../platform/util/certificates.ts';
import { METADATA, XMLDSIG, XMLENC_11 } from '../names.ts';
import { childrenNamed, trimXml, type XmlElement } from '../reading/xml.ts';
import { KEY_TRANSPORT_URIS } from '../signatures/algorithms.ts';
import { certificatesOf, isFitToEncrypt, type ServiceProvider } from './service-provider.ts';
import { unusable } from './unusable-metadata.ts';

/** Limits the pairwise comparison below. */
const MAX_CHAIN = 20;
const OAEP_URIS: readonly string[] = Object.values(KEY_TRANSPORT_URIS);

/**
 * One X509Data describes one key, and may include its issuers' certificates in any order (XML Signature 1.1, 4.5.4).
 * Those are not the Service Provider's keys.
 */
function withoutIssuers(certificates: readonly string[]): readonly string[] {
  if (certificates.length > MAX_CHAIN)
    throw unusable(`one of its keys comes with more than ${MAX_CHAIN} certificates.`);
  const parsed = certificates.map((text) => ({ text, certificate: new X509Certificate(Buffer.from(text, 'base64')) }));
  const own = parsed.filter(
    ({ text, certificate: issuer }) =>
      !parsed.some(
        ({ text: other, certificate }) =>
          other !== text && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey),
      ),
  );
  return own.map(({ text }) => text);
}

function useOf({ attributes }: XmlElement): 'signing' | 'encryption' | undefined {
  const use = attributes.get('use');
  if (use === undefined || use === 'signing' || use === 'encryption') return use;
  throw unusable(`a KeyDescriptor has the use "${use}"; it must be signing, encryption or absent.`);
}

/** KeyDescriptors for a use: dedicated ones first, then those for any use. */
function keyDescriptorsFor(descriptor: XmlElement, use: 'signing' | 'encryption'): XmlElement[] {
  const all = childrenNamed(descriptor, METADATA, 'KeyDescriptor');
  return [use, undefined].flatMap((wanted) => all.filter((keyDescriptor) => useOf(keyDescriptor) === wanted));
}

function certificatesIn(keyDescriptor: XmlElement, use: string): readonly string[] {
  const data = childrenNamed(keyDescriptor, XMLDSIG, 'KeyInfo').flatMap((keyInfo) =>
    childrenNamed(keyInfo, XMLDSIG, 'X509Data'),
  );
  return data.flatMap((one) =>
    withoutIssuers(
      childrenNamed(one, XMLDSIG, 'X509Certificate').flatMap(({ text }) => {
        try {
          return certificatesOf(text);
        } catch (error) {
          if (error instanceof CertificateError) throw unusable(`a certificate for ${use} ${error.message}.`);
          throw error;
        }
      }),
    ),
  );
}

/** A namespace that differs in one letter looks right to everyone who reads the file. */
function whyNoCertificate(keyDescriptors: readonly XmlElement[]): string {
  const stray = keyDescriptors
    .flatMap(({ children }) => children)
    .find(({ name, namespace }) => name === 'KeyInfo' && namespace !== XMLDSIG);
  if (stray === undefined) return 'its KeyInfo must contain an X509Certificate.';
  return `its KeyInfo is in the namespace "${stray.namespace}", and must be in "${XMLDSIG}".`;
}

/**
 * Reads certificates from our own tree: samlify loses them if several KeyDescriptors name no use, and one without a use
 * serves both (SAML metadata, 2.4.1.1).
 */
export function readCertificates(descriptor: XmlElement, use: 'signing' | 'encryption'): string[] {
  const keyDescriptors = keyDescriptorsFor(descriptor, use);
  const certificates = keyDescriptors.flatMap((keyDescriptor) => certificatesIn(keyDescriptor, use));
  // A key that is not marked for encryption may be unfit for it.
  const meant = use === 'signing' || keyDescriptors.some((keyDescriptor) => useOf(keyDescriptor) !== undefined);
  if (keyDescriptors.length > 0 && meant && certificates.length === 0) {
    throw unusable(`its key for ${use} has no certificate; ${whyNoCertificate(keyDescriptors)}`);
  }
  return [...new Set(certificates)];
}

const algorithmOf = ({ attributes }: XmlElement) => trimXml(attributes.get('Algorithm') ?? '') || undefined;

/** SAML metadata, 2.4.1.1: an EncryptionMethod also names its algorithm's parameters. */
function readOaepSettings(methods: readonly XmlElement[]): Pick<ServiceProvider, 'oaepSettings'> {
  const oaepSettings = methods.flatMap((element) => {
    const method = algorithmOf(element);
    if (method === undefined || !OAEP_URIS.includes(method)) return [];
    const [digest] = childrenNamed(element, XMLDSIG, 'DigestMethod').map(algorithmOf);
    const [mask] = childrenNamed(element, XMLENC_11, 'MGF').map(algorithmOf);
    return [{ method, ...(digest && { digest }), ...(mask && { mask }) }];
  });
  return oaepSettings.some(({ digest, mask }) => digest !== undefined || mask !== undefined) ? { oaepSettings } : {};
}

/** The KeyDescriptors for encryption: the methods they accept, and whether any is dedicated to encryption. */
export function readEncryption(
  descriptor: XmlElement,
): Pick<ServiceProvider, 'wantEncryption' | 'encryptionMethods' | 'oaepSettings'> {
  const uses = keyDescriptorsFor(descriptor, 'encryption');
  // Methods belong to one key: use those of the key that we will encrypt to.
  const usable = uses.find((keyDescriptor) => certificatesIn(keyDescriptor, 'encryption').some(isFitToEncrypt));
  const methods = (usable === undefined ? uses : [usable]).flatMap((keyDescriptor) =>
    childrenNamed(keyDescriptor, METADATA, 'EncryptionMethod'),
  );
  return {
    wantEncryption: uses.some((keyDescriptor) => useOf(keyDescriptor) !== undefined),
    encryptionMethods: methods.flatMap((method) => algorithmOf(method) ?? []),
    ...readOaepSettings(methods),
  };
}
