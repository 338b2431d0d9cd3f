import { InputError } from '../../platform/errors/idp-error.ts';
import {
  DATA_ENCRYPTION_URIS,
  type DataEncryptionAlgorithm,
  KEY_TRANSPORT_URIS,
  MIN_RSA_BITS,
  OAEP_DIGEST_URIS,
  OAEP_MASK_URIS,
  type OaepDigest,
} from '../../protocols/saml/signatures/algorithms.ts';
import { isFitToEncrypt, type ServiceProvider } from '../../protocols/saml/sp-metadata/service-provider.ts';
import type { Encryption } from '../../protocols/saml/writing/encrypt-assertion.ts';
import type { Biller } from './biller.ts';

/** The algorithms of one kind that the SP metadata lists. */
function listedOf<Name extends string>(uris: Readonly<Record<Name, string>>, listed: readonly string[]): Name[] {
  return (Object.keys(uris) as Name[]).filter((name) => listed.includes(uris[name]));
}

type Transport = Pick<Encryption, 'keyTransport' | 'digest' | 'mask'>;

/** The name of the algorithm for a URI; SHA-1 if there is no URI (XML Encryption 1.1, 5.5.2). */
function digestOf(uris: Readonly<Record<OaepDigest, string>>, uri: string | undefined): OaepDigest | undefined {
  return uri === undefined ? 'sha1' : (Object.keys(uris) as OaepDigest[]).find((name) => uris[name] === uri);
}

/** RSA-OAEP as the metadata asks for it, with the better-known identifier if there is a choice. */
function chooseTransport({ encryptionMethods, oaepSettings }: ServiceProvider): Transport | undefined {
  const usual: Transport = { keyTransport: 'rsa-oaep-mgf1p', digest: 'sha1', mask: 'sha1' };
  if (!encryptionMethods.some((uri) => /rsa/.test(uri))) return usual;
  for (const keyTransport of listedOf(KEY_TRANSPORT_URIS, encryptionMethods)) {
    const method = KEY_TRANSPORT_URIS[keyTransport];
    const settings: NonNullable<typeof oaepSettings> = oaepSettings ?? [{ method }];
    for (const wanted of settings.filter((one) => one.method === method)) {
      const digest = digestOf(OAEP_DIGEST_URIS, wanted.digest);
      // With the older identifier the mask is always SHA-1, and can't be named.
      const mask = keyTransport === 'rsa-oaep' ? digestOf(OAEP_MASK_URIS, wanted.mask) : 'sha1';
      if (digest !== undefined && mask !== undefined) return { keyTransport, digest, mask };
    }
  }
  return undefined;
}

/**
 * Chooses the algorithms: the biller's, unless the metadata lists only a different one that we support.
 *
 * @returns undefined if the metadata lists none for the content, or none for its key
 */
function chooseAlgorithms(
  preferred: DataEncryptionAlgorithm,
  serviceProvider: ServiceProvider,
): Omit<Encryption, 'certificate'> | undefined {
  const listed = serviceProvider.encryptionMethods;
  const data = listed.some((uri) => !/rsa|kw-/.test(uri)) ? listedOf(DATA_ENCRYPTION_URIS, listed) : [preferred];
  const dataAlgorithm = data.includes(preferred) ? preferred : data[0];
  const transport = chooseTransport(serviceProvider);
  return dataAlgorithm && transport && { dataAlgorithm, ...transport };
}

function listedInWords({ encryptionMethods, oaepSettings = [] }: ServiceProvider): string {
  const settings = oaepSettings.flatMap(({ digest, mask }) => [digest, mask].filter((uri) => uri !== undefined));
  return [...encryptionMethods, ...new Set(settings)].join(', ');
}

/**
 * Decides how to encrypt assertions: by the biller's setting, or as the SP metadata asks.
 *
 * @returns undefined if they are not encrypted
 * @throws InputError if they should be encrypted but can't be
 */
export function encryptionFor({
  settings,
  serviceProvider,
}: Pick<Biller, 'settings' | 'serviceProvider'>): Encryption | undefined {
  const { encryptionCertificates, wantEncryption } = serviceProvider;
  if (settings.encrypt === 'never' || (settings.encrypt === 'as-metadata' && !wantEncryption)) return undefined;
  if (encryptionCertificates.length === 0) {
    throw new InputError(
      'Assertions are to be encrypted, but no encryption certificate of the Service Provider is known.',
      { code: 'encryption_certificate_missing', field: 'settings.encrypt', given: settings.encrypt },
    );
  }
  const certificate = encryptionCertificates.find(isFitToEncrypt);
  if (certificate === undefined) {
    throw new InputError(
      `The Service Provider's encryption certificate can't be used: it must have an RSA key of at least ${MIN_RSA_BITS} bits. Ask for another certificate.`,
      { code: 'encryption_unsupported' },
    );
  }
  const algorithms = chooseAlgorithms(settings.encryptionAlgorithm, serviceProvider);
  if (algorithms === undefined) {
    throw new InputError(
      `The Service Provider's metadata lists no way of encryption that is used here (${listedInWords(serviceProvider)}). It must list AES-256-GCM or AES-128-GCM, and RSA-OAEP with SHA-1, SHA-256 or SHA-512; CBC and RSA 1.5 are not safe enough. Ask for metadata with these.`,
      { code: 'encryption_unsupported' },
    );
  }
  return { certificate, ...algorithms };
}
