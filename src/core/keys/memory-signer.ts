import { type KeyObject, sign as signBytes } from 'node:crypto';
import type { Signer } from '../../protocols/saml/signatures/signer.ts';
import { signatureAlgorithmOf } from './key-types.ts';

/**
 * A signer with its private key in this process's memory. It works on the thread pool.
 *
 * @param certificate DER in base64
 */
export function createMemorySigner(privateKey: KeyObject, certificate: string): Signer {
  const algorithm = signatureAlgorithmOf(privateKey);
  // XML Signature 1.1, 6.4.3 takes ECDSA signatures as r||s, which Node calls ieee-p1363. The option has no effect on
  // RSA, but would make each RSA signature 4% slower.
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
