import { type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import type { Database } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import type { Signer } from '../../../protocols/saml/signatures/signer.ts';
import type { AuditWriter } from '../../audit/writer.ts';
import type { KeyType } from '../key-types.ts';
import { type NewKey, newKey } from '../new-key.ts';
import { isInUse } from '../store.ts';
import { cancelDestruction, scheduleDestruction, scheduledDestructions } from './destruction.ts';
import type { Hsm } from './hsm.ts';
import { HsmError } from './hsm-error.ts';
import { createHsmSigner } from './hsm-signer.ts';

/** The biller that a key is for. */
interface Holder {
  readonly billerId: string;
  readonly slug: string;
  readonly billerName: string;
  readonly entityId: string;
}

/** Signing keys with private keys in the HSM. */
export interface HsmKeys {
  /** Makes a key pair in the HSM, with its certificate. @throws InputError, HsmError */
  make(holder: Holder, type: KeyType, state: 'active' | 'staged'): Promise<NewKey>;
  /**
   * Imports a key pair that is already in the HSM.
   *
   * @param certificates must include the key's own; if empty, a self-signed one is made
   * @returns the key, staged but not stored yet @throws InputError, HsmError
   */
  importKey(holder: Holder, label: string, certificates: readonly X509Certificate[]): Promise<NewKey>;
  /** @param certificate DER in base64 */
  signer(label: string, certificate: string): Signer;
  /**
   * Destroys the private keys that were retired or revoked, or whose creation was interrupted.
   *
   * @returns why some of them still exist; undefined if none do
   */
  destroyScheduled(): Promise<string | undefined>;
}

/** A new key is stored within this time, or its creation was interrupted. */
const MAKING_MS = 10 * 60_000;

interface HsmKeyServices {
  readonly database: Database;
  readonly hsm: Hsm | undefined;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

export function createHsmKeys({ database, hsm, audit, clock }: HsmKeyServices): HsmKeys {
  const { db } = database;
  function present(): Hsm {
    if (hsm !== undefined) return hsm;
    throw new InputError('No HSM is configured: set PKCS11_LIBRARY, PKCS11_TOKEN and PKCS11_PIN.', {
      code: 'module_missing',
    });
  }

  async function certify({ billerName, entityId }: Holder, label: string, publicKey: KeyObject) {
    // Imported here because a service seldom makes keys: see createKeys.
    const { selfSignedCertificate } = await import('../certificates/certificate.ts');
    const { ecdsaSignatureToDer } = await import('../certificates/der.ts');
    const sign = async (bytes: Buffer) => {
      const signature = await present().sign(label, bytes);
      return publicKey.asymmetricKeyType === 'ec' ? ecdsaSignatureToDer(Buffer.from(signature)) : signature;
    };
    const content = { billerName, entityId, keyPair: { publicKey, sign }, now: clock() };
    const certificate = new X509Certificate(Buffer.from(await selfSignedCertificate(content), 'base64'));
    if (certificate.verify(publicKey)) return certificate;
    throw new HsmError('refused', `The public key "${label}" in the HSM does not match the private one.`);
  }

  return {
    async make(holder, keyType, state) {
      const id = randomUUID();
      const label = `ic-idp ${holder.slug} ${id}`;
      const { billerId } = holder;
      const after = new Date(clock() + MAKING_MS);
      const maker = present();
      await scheduleDestruction(db, { label, after, billerId, fingerprint: undefined });
      const publicKey = await maker.generate(label, keyType);
      const certificate = await certify(holder, label, publicKey);
      return newKey({ id, billerId, state, certificate, privatePart: { moduleLabel: label }, now: new Date(clock()) });
    },

    async importKey(holder, label, certificates) {
      const holding = present();
      if (await isInUse(db, label))
        throw new InputError(`The key "${label}" in the HSM is already in use.`, {
          code: 'module_key_in_use',
        });
      if ((await scheduledDestructions(db)).some((key) => key.label === label)) {
        throw new InputError(`A key "${label}" is scheduled for destruction in the HSM. Choose another label.`, {
          code: 'module_key_in_use',
        });
      }
      const { certificateOf, checkFitness } = await import('../certificates/imported-key.ts');
      const publicKey = await holding.find(label);
      const certificate =
        certificates.length === 0 ? await certify(holder, label, publicKey) : certificateOf(publicKey, certificates);
      checkFitness(certificate, clock());
      const { billerId } = holder;
      const privatePart = { moduleLabel: label };
      return newKey({ id: randomUUID(), billerId, state: 'staged', certificate, privatePart, now: new Date(clock()) });
    },

    signer: (label, certificate) => createHsmSigner(hsm, label, certificate),

    async destroyScheduled() {
      const due = (await scheduledDestructions(db)).filter(({ after }) => after.getTime() <= clock());
      for (const { label, billerId, fingerprint: keyFingerprint } of due) {
        let destroyed = 0;
        if (!(await isInUse(db, label))) {
          try {
            destroyed = await present().destroy(label);
          } catch (error) {
            if (error instanceof InputError) return error.message;
            throw error;
          }
        }
        await database.transaction(async (transaction) => {
          const about = { reference: newReference(), billerId, keyFingerprint, details: { label } };
          if (destroyed > 0) await audit.appendWithin(transaction, { event: 'key.destroyed', ...about });
          await cancelDestruction(transaction, label);
        });
      }
      return undefined;
    },
  };
}
