import { X509Certificate } from 'node:crypto';
import { InputError } from '../errors/idp-error.ts';
import type { DataEncryptionAlgorithm } from '../saml/algorithms.ts';
import { DATA_ENCRYPTION_URIS, KEY_TRANSPORT_URIS } from '../saml/algorithms.ts';
import type { Encryption } from '../saml/encrypt-assertion.ts';
import type { Biller } from './biller.ts';

const MIN_RSA_BITS = 2048;
const IN_THE_CLEAR = 'Or choose --encrypt never: assertions then go unencrypted, inside TLS.';

function isUsable(certificate: string): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey;
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}

/** What the SP metadata lists of one kind. */
function listedOf<Name extends string>(uris: Readonly<Record<Name, string>>, listed: readonly string[]): Name[] {
  return (Object.keys(uris) as Name[]).filter((name) => listed.includes(uris[name]));
}

/**
 * The algorithms to use: the biller's, unless the metadata lists only another one that is used here.
 *
 * @returns undefined where the metadata lists none for the content, or none for its key
 */
function chooseAlgorithms(
  preferred: DataEncryptionAlgorithm,
  listed: readonly string[],
): Omit<Encryption, 'certificate'> | undefined {
  const isTransport = (uri: string) => /rsa/.test(uri);
  const data = listed.some((uri) => !/rsa|kw-/.test(uri)) ? listedOf(DATA_ENCRYPTION_URIS, listed) : [preferred];
  const [keyTransport] = listed.some(isTransport)
    ? listedOf(KEY_TRANSPORT_URIS, listed)
    : (['rsa-oaep-mgf1p'] as const);
  const dataAlgorithm = data.includes(preferred) ? preferred : data[0];
  return dataAlgorithm && keyTransport && { dataAlgorithm, keyTransport };
}

/**
 * Says how assertions are encrypted: by the biller's setting, or as the SP metadata asks.
 *
 * @returns undefined where they are not
 * @throws InputError where they should be and can't
 */
export function encryptionFor({
  settings,
  serviceProvider,
}: Pick<Biller, 'settings' | 'serviceProvider'>): Encryption | undefined {
  const { encryptionCertificates, wantEncryption, encryptionMethods } = serviceProvider;
  if (settings.encrypt === 'never' || (settings.encrypt === 'as-metadata' && !wantEncryption)) return undefined;
  if (encryptionCertificates.length === 0) {
    throw new InputError(
      '--encrypt always: no encryption certificate of the Service Provider is known. Give --sp-metadata that has one, or --sp-encryption-certificate.',
    );
  }
  const certificate = encryptionCertificates.find(isUsable);
  if (certificate === undefined) {
    throw new InputError(
      `The Service Provider's encryption certificate can't be used: expected is an RSA key of at least ${MIN_RSA_BITS} bits. Ask for another certificate. ${IN_THE_CLEAR}`,
    );
  }
  const algorithms = chooseAlgorithms(settings.encryptionAlgorithm, encryptionMethods ?? []);
  if (algorithms === undefined) {
    throw new InputError(
      `The Service Provider's metadata lists no way of encryption that is used here (${encryptionMethods.join(', ')}). Expected are AES-256-GCM or AES-128-GCM, and RSA-OAEP; CBC and RSA 1.5 are not safe enough. Ask for metadata with these. ${IN_THE_CLEAR}`,
    );
  }
  return { certificate, ...algorithms };
}
