import samlify from 'samlify';
import { z } from 'zod';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { CertificateError } from '../../../platform/util/certificates.ts';
import { faultOfSecureUrl } from '../../../platform/util/web-url.ts';
import { parseInstant } from '../instant.ts';
import { BINDING_POST } from '../names.ts';
import { parseXml, trimXml, type XmlElement, XmlError } from '../reading/xml.ts';
import { pickEntity } from './pick-entity.ts';
import { type AssertionConsumerService, certificatesOf, type ServiceProvider } from './service-provider.ts';
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

/** The start tag of a group of entities (SAML metadata, 2.3.1). */
const AGGREGATE = /<(?:[\w.-]+:)?EntitiesDescriptor[\s>]/;

const isTrue = (value: string | undefined) => value === 'true' || value === '1';

function gate(xml: string): XmlElement {
  // A login page, or the page about the metadata, saved or fetched in its place.
  if (/^\s*(?:<!doctype html|<html)/i.test(xml)) {
    throw unusable('it is a web page (HTML), not metadata. Download the metadata itself, or ask for it as a file.');
  }
  if (xml.startsWith('\u001f') || xml.startsWith('PK\u0003\u0004')) {
    throw unusable('it is a compressed file (gzip or ZIP). Unpack it first.');
  }
  try {
    return parseXml(xml, { comments: 'drop' });
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    if (error.kind === 'forbidden' && AGGREGATE.test(xml.slice(0, 10_000))) {
      throw unusable(
        'it describes many entities, as the aggregate of a federation does. Name the Service Provider by its entity ID, or get its own metadata.',
      );
    }
    throw unusable(`it is not acceptable XML: ${error.message}.`);
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

/** Called with what of the metadata is not used, and why: a sentence for the operator. */
type Note = (sentence: string) => void;

type PostService = z.infer<typeof samlifyReading>['assertionConsumerService'][number];

/** @returns the URL and index of an ACS, or what is wrong with it */
function readService({ location = '', index }: PostService): { url: string; index: number } | string {
  const fault = faultOfSecureUrl(location);
  if (fault !== undefined) {
    return `the AssertionConsumerService "${location}" must be an https URL (http for localhost only): ${fault}`;
  }
  if (index === undefined) {
    return `the AssertionConsumerService "${location}" has no index; SAML requires one, from 0 to 65535`;
  }
  const number = parseUnsignedShort(index);
  if (number !== undefined) return { url: location, index: number };
  return `the AssertionConsumerService "${location}" has the index "${index}"; it must be a number from 0 to 65535`;
}

/** An ACS that can't be used is left out, as long as there is another one. */
function readAcs(all: readonly PostService[], note: Note): AssertionConsumerService[] {
  const posts = all.filter((service) => service.binding === BINDING_POST);
  if (posts.length === 0) {
    throw unusable(`it has no AssertionConsumerService for the HTTP-POST binding (${BINDING_POST}).`);
  }
  const read = posts.map((service) => ({ service: readService(service), isDefault: service.isDefault }));
  const faults = read.flatMap(({ service }) => (typeof service === 'string' ? [service] : []));
  const usable = read.flatMap(({ service, isDefault }) =>
    typeof service === 'string' ? [] : [{ service, isDefault }],
  );
  if (usable.length === 0) throw unusable(`${faults[0]}.`);
  for (const fault of faults) note(`Left out: ${fault}.`);
  if (new Set(usable.map(({ service }) => service.index)).size < usable.length) {
    throw unusable('two AssertionConsumerServices have the same index.');
  }
  return chooseDefault(
    usable.map(({ service }) => service),
    usable.map(({ isDefault }) => isDefault),
  );
}

function readBySamlify(role: SpRole): unknown {
  try {
    return samlify.SPMetadata(writeSpEntity(role)).meta;
  } catch (error) {
    throw unusable(`it can't be read: ${(error as Error).message}.`);
  }
}

interface ReadOptions {
  /** Which entity of an EntitiesDescriptor is meant, however large that is. */
  readonly entityId?: string | undefined;
  readonly note?: Note;
}

/**
 * Reads SP metadata: samlify parses it, then each part is checked here.
 *
 * @param xml an EntityDescriptor with an SPSSODescriptor, alone or in an EntitiesDescriptor: as its only Service
 * Provider, or as the one with the given entity ID
 * @param now milliseconds since 1970
 * @throws InputError saying which part is wrong and what is accepted
 */
export function readSpMetadata(
  xml: string,
  now: number,
  { entityId, note = () => undefined }: ReadOptions = {},
): ServiceProvider {
  const role = findSpRole(gate(entityId === undefined ? xml : pickEntity(xml, entityId)));
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
    acs: readAcs(assertionConsumerService, note),
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
  const all = given.flatMap((text, position) => {
    try {
      return certificatesOf(text);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      throw new InputError(`${error.message}. It must be one or more certificates: PEM, base64, DER or PKCS#7.`, {
        field: `${field}.${position}`,
      });
    }
  });
  return [...new Set(all)];
}

/** Builds a Service Provider from values entered by hand. @throws InputError */
export function serviceProviderByHand(given: ProviderByHand): ServiceProvider {
  for (const [position, url] of given.acsUrls.entries()) {
    const fault = faultOfSecureUrl(url);
    if (fault !== undefined) {
      throw new InputError(`must be an https URL (http for localhost only): ${fault}.`, {
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
