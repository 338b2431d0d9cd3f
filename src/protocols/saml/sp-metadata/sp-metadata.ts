import samlify from 'samlify';
import { z } from 'zod';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { parseInstant } from '../instant.ts';
import { BINDING_POST } from '../names.ts';
import { parseXml, trimXml, type XmlElement, XmlError } from '../reading/xml.ts';
import {
  type AssertionConsumerService,
  isAcceptableUrl,
  normalizeCertificate,
  type ServiceProvider,
} from './service-provider.ts';
import { readCertificates, readEncryption } from './sp-keys.ts';
import { findSpRole, type SpRole, writeSpEntity } from './sp-role.ts';
import { parseUnsignedShort } from './unsigned-short.ts';
import { unusable } from './unusable-metadata.ts';

const oneOrMany = <T extends z.ZodType>(item: T) =>
  z
    .union([z.array(item), item])
    .nullish()
    .transform((value) => (Array.isArray(value) ? value : value == null ? [] : [value]) as z.output<T>[]);

/** The parts of samlify's result used here. It returns a single item bare and several as an array. */
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

const isTrue = (value: string | undefined) => value === 'true' || value === '1';

function gate(xml: string): XmlElement {
  try {
    return parseXml(xml, { comments: 'drop' });
  } catch (error) {
    if (error instanceof XmlError) throw unusable(`it is not acceptable XML: ${error.message}.`);
    throw error;
  }
}

/**
 * Expired metadata must not be used (SAML metadata, 2.3.2 and 2.4.1): its keys may have been withdrawn for a reason.
 */
function refuseExpired(element: XmlElement, now: number): void {
  const validUntil = element.attributes.get('validUntil')?.trim();
  if (validUntil === undefined) return;
  const instant = parseInstant(validUntil);
  if (instant === undefined) {
    throw unusable(`its validUntil "${validUntil}" is not a UTC time such as 2030-01-31T00:00:00Z.`);
  }
  if (instant <= now) {
    throw unusable(`it expired at ${validUntil}. Ask the Service Provider for its current metadata.`);
  }
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
    throw unusable(`it has no AssertionConsumerService for the HTTP-POST binding (${BINDING_POST}).`);
  }
  const services = posts.map(({ location = '', index = '' }) => {
    if (!isAcceptableUrl(location)) {
      throw unusable(
        `the AssertionConsumerService "${location}" must be an https URL without user, password or fragment (http for localhost only).`,
      );
    }
    const number = parseUnsignedShort(index);
    if (number === undefined) {
      throw unusable(`the AssertionConsumerService "${location}" must have an index from 0 to 65535.`);
    }
    return { url: location, index: number };
  });
  if (new Set(services.map((service) => service.index)).size < services.length) {
    throw unusable('two AssertionConsumerServices have the same index.');
  }
  return chooseDefault(
    services,
    posts.map((service) => service.isDefault),
  );
}

function readBySamlify(role: SpRole): unknown {
  try {
    return samlify.SPMetadata(writeSpEntity(role)).meta;
  } catch (error) {
    throw unusable(`it can't be read: ${(error as Error).message}.`);
  }
}

/**
 * Reads SP metadata: samlify parses it, then each part is checked here.
 *
 * @param xml an EntityDescriptor with an SPSSODescriptor, alone or as the only Service Provider in an
 * EntitiesDescriptor
 * @param now milliseconds since 1970
 * @throws InputError saying which part is wrong and what is accepted
 */
export function readSpMetadata(xml: string, now: number): ServiceProvider {
  const role = findSpRole(gate(xml));
  const { around, entity, descriptor } = role;
  for (const element of [...around, entity, descriptor]) refuseExpired(element, now);
  const reading = samlifyReading.safeParse(readBySamlify(role));
  if (!reading.success) throw unusable(`${reading.error.issues[0]?.message ?? 'it can’t be read'}.`);
  const { entityID, spSSODescriptor, assertionConsumerService, nameIDFormat } = reading.data;
  if (entityID.trim() === '' || entityID.length > 1024) {
    throw unusable('its entityID is empty or longer than 1,024 characters (SAML core, 8.3.6).');
  }
  return {
    entityId: entityID,
    acs: readAcs(assertionConsumerService),
    signingCertificates: readCertificates(descriptor, 'signing'),
    encryptionCertificates: readCertificates(descriptor, 'encryption'),
    ...readEncryption(descriptor),
    authnRequestsSigned: isTrue(spSSODescriptor.authnRequestsSigned),
    wantAssertionsSigned: isTrue(spSSODescriptor.wantAssertionsSigned),
    nameIdFormats: nameIDFormat.map(trimXml).filter((format) => format !== ''),
  };
}

/** A Service Provider that has no metadata. Certificates are PEM or base64 DER. */
interface ProviderByHand {
  readonly entityId: string;
  readonly acsUrls: readonly string[];
  readonly signingCertificates: readonly string[];
  readonly encryptionCertificates: readonly string[];
}

function certificatesByHand(field: string, given: readonly string[]): string[] {
  return given.map((text, position) => {
    const certificate = normalizeCertificate(text.replace(/-----(BEGIN|END) CERTIFICATE-----/g, ''));
    if (certificate !== undefined) return certificate;
    throw new InputError("can't be read as X.509. It must be one certificate, PEM or base64 DER.", {
      field: `${field}.${position}`,
    });
  });
}

/** Builds a Service Provider from values entered by hand. @throws InputError */
export function serviceProviderByHand(given: ProviderByHand): ServiceProvider {
  for (const [position, url] of given.acsUrls.entries()) {
    if (!isAcceptableUrl(url)) {
      throw new InputError('must be an https URL without user, password or fragment (http for localhost only).', {
        field: `acs.${position}`,
        given: url,
      });
    }
  }
  const encryptionCertificates = certificatesByHand('spEncryptionCertificates', given.encryptionCertificates);
  return {
    entityId: given.entityId,
    acs: given.acsUrls.map((url, index) => ({ url, index, isDefault: index === 0 })),
    signingCertificates: certificatesByHand('spCertificates', given.signingCertificates),
    encryptionCertificates,
    wantEncryption: encryptionCertificates.length > 0,
    encryptionMethods: [],
    authnRequestsSigned: false,
    wantAssertionsSigned: false,
    nameIdFormats: [],
  };
}
