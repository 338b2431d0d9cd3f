import { verify, X509Certificate } from 'node:crypto';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import type { Signer } from '../../../protocols/saml/signatures/signer.ts';
import { signatureAlgorithmOf } from '../key-types.ts';
import type { HardwareModule } from './module.ts';
import { ModuleError } from './module-error.ts';

/** Seconds after which a portal user's next try makes sense. */
const RETRY_AFTER = 5;

/**
 * A signer whose private key is in the hardware module.
 *
 * @param module undefined where this installation has none, though it once had
 * @param label of the private key
 * @param certificate DER in base64
 */
export function createModuleSigner(module: HardwareModule | undefined, label: string, certificate: string): Signer {
  const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
  const algorithm = signatureAlgorithmOf(publicKey);
  const verifyingKey = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  let proven = false;

  const unavailable = (detail: string, cause?: unknown) =>
    new IdpError('signing_key_unavailable', { detail, cause, retryAfter: RETRY_AFTER });

  async function asking<Result>(work: (present: HardwareModule) => Promise<Result>): Promise<Result> {
    if (module === undefined) throw unavailable(`the key "${label}" is in a hardware module, and none is set up here`);
    try {
      return await work(module);
    } catch (error) {
      throw unavailable(error instanceof ModuleError ? error.message : String(error), error);
    }
  }

  return {
    algorithm,
    certificate,
    ready: () => asking((present) => present.ready()),
    async sign(bytes) {
      const signature = await asking((present) => present.sign(label, bytes));
      // Somebody may have put another key under this label. The other side would refuse everything that it signs.
      proven ||= verify('sha256', bytes, verifyingKey, signature);
      if (!proven) throw unavailable(`the key "${label}" in the hardware module is not the one of its certificate`);
      return signature;
    },
  };
}
