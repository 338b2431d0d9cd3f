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
import type { HardwareModule } from './module.ts';
import { ModuleError } from './module-error.ts';
import { createModuleSigner } from './module-signer.ts';

/** Whom a key is for. */
interface Holder {
  readonly billerId: string;
  readonly slug: string;
  readonly billerName: string;
  readonly entityId: string;
}

/** Signing keys whose private parts are in the hardware module. */
export interface ModuleKeys {
  /** Makes a key pair in the module, with its certificate. @throws InputError, ModuleError */
  make(holder: Holder, type: KeyType, state: 'active' | 'staged'): Promise<NewKey>;
  /**
   * Takes a key pair that is in the module already.
   *
   * @param certificates among which its own is; without any a self-signed one is made
   * @returns it, staged, not stored yet @throws InputError, ModuleError
   */
  take(holder: Holder, label: string, certificates: readonly X509Certificate[]): Promise<NewKey>;
  /** @param certificate DER in base64 */
  signer(label: string, certificate: string): Signer;
  /**
   * Destroys the private parts of keys that were retired or revoked, or whose making was cut off.
   *
   * @returns why some of them are still there; undefined where none is
   */
  destroyScheduled(): Promise<string | undefined>;
}

/** A key that is being made is stored within this time, or it was cut off. */
const MAKING_MS = 10 * 60_000;

interface ModuleKeyServices {
  readonly database: Database;
  readonly module: HardwareModule | undefined;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

export function createModuleKeys({ database, module, audit, clock }: ModuleKeyServices): ModuleKeys {
  const { db } = database;
  function present(): HardwareModule {
    if (module !== undefined) return module;
    throw new InputError(
      'There is no hardware module here: the settings PKCS11_LIBRARY, PKCS11_TOKEN and PKCS11_PIN are not set.',
      { code: 'module_missing' },
    );
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
    throw new ModuleError('refused', `The public key "${label}" in the hardware module does not fit the private one.`);
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

    async take(holder, label, certificates) {
      const holding = present();
      if (await isInUse(db, label))
        throw new InputError(`The key "${label}" in the hardware module is in use already.`, {
          code: 'module_key_in_use',
        });
      if ((await scheduledDestructions(db)).some((key) => key.label === label)) {
        throw new InputError(
          `A key "${label}" is about to be destroyed in the hardware module. Choose another label.`,
          {
            code: 'module_key_in_use',
          },
        );
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

    signer: (label, certificate) => createModuleSigner(module, label, certificate),

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
