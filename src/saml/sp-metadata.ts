import { X509Certificate } from 'node:crypto';
import samlify from 'samlify';
import { z } from 'zod';
import { InputError } from '../errors/idp-error.ts';
import { KEY_TRANSPORT_URIS } from './algorithms.ts';
import { parseInstant } from './instant.ts';
import { BINDING_POST, METADATA, XMLDSIG, XMLENC_11 } from './names.ts';
import {
  type AssertionConsumerService,
  isAcceptableUrl,
  normaliseCertificate,
  type ServiceProvider,
} from './service-provider.ts';
import { findSpRole, writeSpEntity } from './sp-role.ts';
import { parseUnsignedShort } from './unsigned-short.ts';
import { childrenNamed, parseXml, type XmlElement, XmlError } from './xml.ts';

const oneOrMany = <T extends z.ZodType>(item: T) =>
  z
    .union([z.array(item), item])
    .nullish()
    .transform((value) => (Array.isArray(value) ? value : value == null ? [] : [value]) as z.output<T>[]);

/** The parts of samlify's reading that are used here. It gives one thing bare and several as a list. */
const samlifyReading = z.object({
  entityID: z.string({ error: 'it has no entityID' }),
  spSSODescriptor: z
    .object({ authnRequestsSigned: z.string().optional(), wantAssertionsSigned: z.string().optional() })
    .catch({}),
  assertionConsumerService: oneOrMany(
    z.object({
      binding: z.string().optional(),
      location: z.string().optional(),
      index: z.string().optional(),
      isDefault: z.string().optional(),
    }),
  ),
  nameIDFormat: oneOrMany(z.string()),
});

/** Each is compared with each. */
const MAX_CHAIN = 20;
const OAEP_URIS: readonly string[] = Object.values(KEY_TRANSPORT_URIS);
const isTrue = (value: string | undefined) => value === 'true' || value === '1';
const refuse = (message: string) => new InputError(`The SP metadata can't be used: ${message}`);

function gate(xml: string): XmlElement {
  try {
    return parseXml(xml, { comments: 'drop' });
  } catch (error) {
    if (error instanceof XmlError) throw refuse(`it is not acceptable XML: ${error.message}.`);
    throw error;
  }
}

/** Metadata that is over must not be used (SAML metadata, 2.3.2 and 2.4.1): its keys may have been given up for a reason. */
function refuseOver(element: XmlElement, now: number): void {
  const validUntil = element.attributes.get('validUntil')?.trim();
  if (validUntil === undefined) return;
  const instant = parseInstant(validUntil);
  if (instant === undefined) {
    throw refuse(`its validUntil "${validUntil}" is not a time in UTC; expected is e.g. 2030-01-31T00:00:00Z.`);
  }
  if (instant <= now) {
    throw refuse(`it was valid until ${validUntil} only. Ask the Service Provider for its current metadata.`);
  }
}

/**
 * One X509Data is about one key, and may bring the certificates of those who vouch for it, in any order (XML Signature
 * 1.1, 4.5.4): they are no keys of the Service Provider.
 */
function withoutIssuers(certificates: readonly string[]): readonly string[] {
  if (certificates.length > MAX_CHAIN) throw refuse(`one of its keys comes with more than ${MAX_CHAIN} certificates.`);
  const parsed = certificates.map((text) => ({ text, certificate: new X509Certificate(Buffer.from(text, 'base64')) }));
  const own = parsed.filter(
    ({ text, certificate: issuer }) =>
      !parsed.some(
        ({ text: other, certificate }) =>
          other !== text && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey),
      ),
  );
  return own.length > 0 ? own.map(({ text }) => text) : certificates;
}

/**
 * Certificates are read from our own tree: samlify loses them where several KeyDescriptors name no use, and a
 * KeyDescriptor without a use serves both (SAML metadata, 2.4.1.1).
 */
function readCertificates(descriptor: XmlElement, use: 'signing' | 'encryption'): string[] {
  const keyDescriptors = childrenNamed(descriptor, METADATA, 'KeyDescriptor').filter(
    ({ attributes }) => (attributes.get('use') ?? use) === use,
  );
  const certificates = keyDescriptors
    .flatMap((keyDescriptor) => childrenNamed(keyDescriptor, XMLDSIG, 'KeyInfo'))
    .flatMap((keyInfo) => childrenNamed(keyInfo, XMLDSIG, 'X509Data'))
    .flatMap((data) =>
      withoutIssuers(
        childrenNamed(data, XMLDSIG, 'X509Certificate').map(({ text }) => {
          const certificate = normaliseCertificate(text);
          if (certificate === undefined) throw refuse(`a certificate for ${use} can't be read as X.509.`);
          return certificate;
        }),
      ),
    );
  if (keyDescriptors.length > 0 && certificates.length === 0) {
    throw refuse(`its key for ${use} comes without a certificate; expected is an X509Certificate in its KeyInfo.`);
  }
  return [...new Set(certificates)];
}

const algorithmOf = (element: XmlElement | undefined) => element?.attributes.get('Algorithm')?.trim();

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
function readEncryption(
  descriptor: XmlElement,
): Pick<ServiceProvider, 'wantEncryption' | 'encryptionMethods' | 'oaepSettings'> {
  const uses = childrenNamed(descriptor, METADATA, 'KeyDescriptor').filter(
    (keyDescriptor) => (keyDescriptor.attributes.get('use') ?? 'encryption') === 'encryption',
  );
  const methods = uses.flatMap((keyDescriptor) => childrenNamed(keyDescriptor, METADATA, 'EncryptionMethod'));
  return {
    wantEncryption: uses.some((keyDescriptor) => keyDescriptor.attributes.get('use') === 'encryption'),
    encryptionMethods: methods.flatMap((method) => algorithmOf(method) ?? []),
    ...readOaepSettings(methods),
  };
}

function chooseDefault(services: Omit<AssertionConsumerService, 'isDefault'>[], flags: (string | undefined)[]) {
  // SAML metadata, 2.2.3: the first marked true; else the first not marked false; else the first.
  const marked = flags.findIndex(isTrue);
  const unmarked = flags.indexOf(undefined);
  const chosen = marked >= 0 ? marked : Math.max(unmarked, 0);
  return services.map((service, position) => ({ ...service, isDefault: position === chosen }));
}

function readAcs(all: z.infer<typeof samlifyReading>['assertionConsumerService']): AssertionConsumerService[] {
  const posts = all.filter((service) => service.binding === BINDING_POST);
  if (posts.length === 0) {
    throw refuse(`it has no AssertionConsumerService for the HTTP-POST binding (${BINDING_POST}).`);
  }
  const services = posts.map(({ location = '', index = '' }) => {
    if (!isAcceptableUrl(location)) {
      throw refuse(
        `the AssertionConsumerService "${location}" is not acceptable: expected is an https URL without user, password or fragment (http only for this machine).`,
      );
    }
    const number = parseUnsignedShort(index);
    if (number === undefined) {
      throw refuse(`the AssertionConsumerService "${location}" has no index; expected is a number from 0 to 65535.`);
    }
    return { url: location, index: number };
  });
  if (new Set(services.map((service) => service.index)).size < services.length) {
    throw refuse('two AssertionConsumerServices have the same index.');
  }
  return chooseDefault(
    services,
    posts.map((service) => service.isDefault),
  );
}

/**
 * Reads SP metadata: samlify reads, then every part is checked here.
 *
 * @param xml an EntityDescriptor with an SPSSODescriptor, alone or as the only Service Provider of an EntitiesDescriptor
 * @param now milliseconds since 1970
 * @throws InputError which part is wrong and what is accepted
 */
export function readSpMetadata(xml: string, now: number): ServiceProvider {
  const role = findSpRole(gate(xml), refuse);
  const { around, entity, descriptor } = role;
  for (const element of [...around, entity, descriptor]) refuseOver(element, now);
  const reading = samlifyReading.safeParse(samlify.SPMetadata(writeSpEntity(role)).meta);
  if (!reading.success) throw refuse(`${reading.error.issues[0]?.message ?? 'it can’t be read'}.`);
  const { entityID, spSSODescriptor, assertionConsumerService, nameIDFormat } = reading.data;
  if (entityID.trim() === '' || entityID.length > 1024) {
    throw refuse('its entityID is empty or longer than 1,024 characters (SAML core, 8.3.6).');
  }
  return {
    entityId: entityID,
    acs: readAcs(assertionConsumerService),
    signingCertificates: readCertificates(descriptor, 'signing'),
    encryptionCertificates: readCertificates(descriptor, 'encryption'),
    ...readEncryption(descriptor),
    authnRequestsSigned: isTrue(spSSODescriptor.authnRequestsSigned),
    wantAssertionsSigned: isTrue(spSSODescriptor.wantAssertionsSigned),
    nameIdFormats: nameIDFormat.map((format) => format.trim()),
  };
}

/** What is known of a Service Provider that has no metadata. Certificates are PEM or base64 DER. */
interface ProviderByHand {
  readonly entityId: string;
  readonly acsUrls: readonly string[];
  readonly signingCertificates: readonly string[];
  readonly encryptionCertificates: readonly string[];
}

function certificatesByHand(option: string, given: readonly string[]): string[] {
  return given.map((text) => {
    const certificate = normaliseCertificate(text.replace(/-----(BEGIN|END) CERTIFICATE-----/g, ''));
    if (certificate !== undefined) return certificate;
    throw new InputError(`${option} can't be read as X.509. Expected is one certificate, PEM or base64 DER.`);
  });
}

/** A Service Provider entered by hand. @throws InputError */
export function serviceProviderByHand(given: ProviderByHand): ServiceProvider {
  for (const url of given.acsUrls) {
    if (!isAcceptableUrl(url)) {
      throw new InputError(
        `--acs "${url}" is not acceptable: expected is an https URL without user, password or fragment (http only for this machine).`,
      );
    }
  }
  const encryptionCertificates = certificatesByHand('--sp-encryption-certificate', given.encryptionCertificates);
  return {
    entityId: given.entityId,
    acs: given.acsUrls.map((url, index) => ({ url, index, isDefault: index === 0 })),
    signingCertificates: certificatesByHand('--sp-certificate', given.signingCertificates),
    encryptionCertificates,
    wantEncryption: encryptionCertificates.length > 0,
    encryptionMethods: [],
    authnRequestsSigned: false,
    wantAssertionsSigned: false,
    nameIdFormats: [],
  };
}
