import { X509Certificate } from 'node:crypto';
import { METADATA, XMLDSIG, XMLENC_11 } from '../names.ts';
import { childrenNamed, trimXml, type XmlElement } from '../reading/xml.ts';
import { KEY_TRANSPORT_URIS } from '../signatures/algorithms.ts';
import { isFitToEncrypt, normaliseCertificate, type ServiceProvider } from './service-provider.ts';
import { unusable } from './unusable-metadata.ts';

/** Each is compared with each. */
const MAX_CHAIN = 20;
const OAEP_URIS: readonly string[] = Object.values(KEY_TRANSPORT_URIS);

/**
 * One X509Data is about one key, and may bring the certificates of those who vouch for it, in any order (XML Signature
 * 1.1, 4.5.4): they are no keys of the Service Provider.
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
  throw unusable(`a KeyDescriptor has the use "${use}"; expected is signing, encryption or none.`);
}

/** Those that serve a use: the ones that are meant for just that, then the ones that serve any. */
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
      childrenNamed(one, XMLDSIG, 'X509Certificate').map(({ text }) => {
        const certificate = normaliseCertificate(text);
        if (certificate === undefined) throw unusable(`a certificate for ${use} can't be read as X.509.`);
        return certificate;
      }),
    ),
  );
}

/**
 * Certificates are read from our own tree: samlify loses them where several KeyDescriptors name no use, and a
 * KeyDescriptor without a use serves both (SAML metadata, 2.4.1.1).
 */
export function readCertificates(descriptor: XmlElement, use: 'signing' | 'encryption'): string[] {
  const keyDescriptors = keyDescriptorsFor(descriptor, use);
  const certificates = keyDescriptors.flatMap((keyDescriptor) => certificatesIn(keyDescriptor, use));
  // A key that nobody said is for encryption need not be fit for it.
  const meant = use === 'signing' || keyDescriptors.some((keyDescriptor) => useOf(keyDescriptor) !== undefined);
  if (keyDescriptors.length > 0 && meant && certificates.length === 0) {
    throw unusable(`its key for ${use} comes without a certificate; expected is an X509Certificate in its KeyInfo.`);
  }
  return [...new Set(certificates)];
}

const algorithmOf = ({ attributes }: XmlElement) => trimXml(attributes.get('Algorithm') ?? '') || undefined;

/** SAML metadata, 2.4.1.1: an EncryptionMethod names the settings of its algorithm, too. */
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

/** KeyDescriptors that serve for encryption: what they accept, and whether one is meant for just that. */
export function readEncryption(
  descriptor: XmlElement,
): Pick<ServiceProvider, 'wantEncryption' | 'encryptionMethods' | 'oaepSettings'> {
  const uses = keyDescriptorsFor(descriptor, 'encryption');
  // Methods belong to their key: to the one that will be encrypted to.
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
