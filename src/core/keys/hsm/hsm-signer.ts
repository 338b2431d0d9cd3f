import { verify, X509Certificate } from 'node:crypto';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import type { Signer } from '../../../protocols/saml/signatures/signer.ts';
import { signatureAlgorithmOf } from '../key-types.ts';
import type { Hsm } from './hsm.ts';
import { HsmError } from './hsm-error.ts';

/** Suggested wait before the portal user retries, in seconds. */
const RETRY_AFTER = 5;

/**
 * A signer with its private key in the HSM.
 *
 * @param hsm undefined if this installation no longer has one
 * @param label of the private key
 * @param certificate DER in base64
 */
export function createHsmSigner(hsm: Hsm | undefined, label: string, certificate: string): Signer {
  const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
  const algorithm = signatureAlgorithmOf(publicKey);
  const verifyingKey = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  let proven = false;

  const unavailable = (detail: string, cause?: unknown) =>
    new IdpError('signing_key_unavailable', { detail, cause, retryAfter: RETRY_AFTER });

  async function asking<Result>(work: (present: Hsm) => Promise<Result>): Promise<Result> {
    if (hsm === undefined) throw unavailable(`the key "${label}" is in an HSM, but none is configured`);
    try {
      return await work(hsm);
    } catch (error) {
      if (error instanceof HsmError && error.trouble === 'busy') {
        throw new IdpError('service_busy', { detail: error.message, retryAfter: RETRY_AFTER });
      }
      throw unavailable(error instanceof HsmError ? error.message : String(error), error);
    }
  }

  return {
    algorithm,
    certificate,
    ready: () => asking((present) => present.ready(label)),
    async sign(bytes, last) {
      const signature = await asking((present) => present.sign(label, bytes, last));
      // Someone may have put another key under this label. The Service Provider would reject all of its signatures.
      proven ||= verify('sha256', bytes, verifyingKey, signature);
      if (!proven) throw unavailable(`the key "${label}" in the HSM does not match its certificate`);
      return signature;
    },
  };
}
