import { X509Certificate } from 'node:crypto';
import { InputError } from '../errors/idp-error.ts';
import type { DataEncryptionAlgorithm } from '../saml/algorithms.ts';
import { DATA_ENCRYPTION_URIS, KEY_TRANSPORT_RSA_OAEP } from '../saml/algorithms.ts';
import type { Encryption } from '../saml/encrypt-assertion.ts';
import type { Biller } from './biller.ts';

const MIN_RSA_BITS = 2048;
const IN_THE_CLEAR = 'Or choose --encrypt never: assertions then go unencrypted, inside TLS.';

function isUsable(certificate: string): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey;
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}

/**
 * The algorithm to use: the biller's, unless the metadata lists only the other one.
 *
 * @returns undefined where the metadata lists neither, or rules out our way of carrying the key
 */
function chooseAlgorithm(preferred: DataEncryptionAlgorithm, listed: readonly string[]) {
  const data = listed.filter((uri) => !/rsa|kw-/.test(uri));
  const transports = listed.filter((uri) => /rsa/.test(uri));
  if (transports.length > 0 && !transports.includes(KEY_TRANSPORT_RSA_OAEP)) return undefined;
  if (data.length === 0) return preferred;
  const ours = Object.entries<string>(DATA_ENCRYPTION_URIS).filter(([, uri]) => data.includes(uri));
  const names = ours.map(([name]) => name as DataEncryptionAlgorithm);
  return names.includes(preferred) ? preferred : names[0];
}

/**
 * Says how assertions are encrypted: by the biller's setting, or as the SP metadata asks.
 *
 * @returns undefined where they are not
 * @throws InputError where they should be and can't
 */
export function encryptionFor({ settings, serviceProvider }: Pick<Biller, 'settings' | 'serviceProvider'>) {
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
  const dataAlgorithm = chooseAlgorithm(settings.encryptionAlgorithm, encryptionMethods ?? []);
  if (dataAlgorithm === undefined) {
    throw new InputError(
      `The Service Provider's metadata lists only ways of encryption that are not safe enough (${encryptionMethods.join(', ')}). Expected are AES-GCM and RSA-OAEP (rsa-oaep-mgf1p). Ask for metadata with these. ${IN_THE_CLEAR}`,
    );
  }
  return { certificate, dataAlgorithm } satisfies Encryption;
}
