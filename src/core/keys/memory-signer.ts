import { type KeyObject, sign as signBytes } from 'node:crypto';
import type { Signer } from '../../protocols/saml/signatures/signer.ts';
import { signatureAlgorithmOf } from './key-types.ts';

/**
 * A signer whose private key is in the memory of this process. It works on the thread pool.
 *
 * @param certificate DER in base64
 */
export function createMemorySigner(privateKey: KeyObject, certificate: string): Signer {
  const algorithm = signatureAlgorithmOf(privateKey);
  // XML Signature 1.1, 6.4.3 takes an ECDSA signature as r||s, which is what IEEE P1363 calls it. It means nothing to
  // RSA, but asking for it costs every RSA signature 4 % more.
  const key = algorithm === 'ecdsa-sha256' ? ({ key: privateKey, dsaEncoding: 'ieee-p1363' } as const) : privateKey;
  return {
    algorithm,
    certificate,
    sign: (bytes) =>
      new Promise((resolve, reject) => {
        signBytes('sha256', bytes, key, (error, signature) => {
          if (error === null) resolve(signature);
          else reject(error);
        });
      }),
  };
}
