import { createPrivateKey, type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Database, Transaction } from '../../platform/database/database.ts';
import { IdpError, InputError } from '../../platform/errors/idp-error.ts';
import { createLoadingCache } from '../../platform/util/loading-cache.ts';
import type { Signer } from '../../protocols/saml/signatures/signer.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import { requestContext, sealContext } from '../secrets/seal-context.ts';
import { requireKnownSealer } from '../secrets/verify-master-key.ts';
import type { ImportedKey } from './certificates/imported-key.ts';
import { cancelDestruction } from './hsm/destruction.ts';
import type { HsmKeys } from './hsm/hsm-keys.ts';
import { type KeyType, makeKeyPair } from './key-types.ts';
import { createMemorySigner } from './memory-signer.ts';
import { type NewKey, newKey } from './new-key.ts';
import {
  findKeyRequest,
  insertKey,
  type KeyRequestRow,
  listKeys,
  publishedKeys,
  replaceKeyRequest,
  type SigningKeyRow,
} from './store.ts';
import { createFindVersion, versionOf } from './versions.ts';

/** One biller's keys, as needed for sign-on and metadata. */
export interface BillerKeys {
  readonly billerId: string;
  /** Changes with every change of one of the keys. */
  readonly version: string;
  /** Certificates to publish, DER in base64, the active one first. */
  readonly certificates: readonly string[];
  /** SHA-256 of the same certificates, hexadecimal, in the same order. */
  readonly fingerprints: readonly string[];
  /** Nothing is signed before this time (of performance.now), because a switch is in progress; 0 if none is. */
  readonly holdUntil: number;
  readonly active: SigningKey | undefined;
  /**
   * The portal user whose sign-ons the staged key signs. The key is opened when it is asked for, so that it can't keep
   * anyone else from signing on: it throws like ofBiller.
   */
  readonly canary: { readonly userId: string; readonly key: () => SigningKey } | undefined;
}

/** A key as needed to sign. */
export interface SigningKey {
  readonly signer: Signer;
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Keys {
  /**
   * Makes a key pair with its certificate, and seals the private key unless it stays in the HSM. Slow, so call it
   * before starting a transaction.
   *
   * @returns the key, to be inserted as `active` or `staged` @throws InputError if the HSM does not make it
   */
  make(request: {
    billerId: string;
    slug: string;
    billerName: string;
    entityId: string;
    type: KeyType;
    state: 'active' | 'staged';
    place: KeyPlace;
  }): Promise<NewKey>;
  /** Stores a new key, and takes it off the list of keys to destroy in the HSM. */
  insert(transaction: Transaction, key: NewKey): Promise<void>;
  /** Seals an imported and checked key. @returns it, staged but not stored yet */
  importKey(billerId: string, imported: ImportedKey): NewKey;
  /** Unseals a private key for export. @throws IdpError signing_key_unavailable */
  open(row: SigningKeyRow): KeyObject;
  /** Makes a key pair and a certificate request for it. @returns it, not stored yet */
  request(biller: { id: string; name: string; entityId: string }, type: KeyType): Promise<KeyRequestRow>;
  /** Stores a certificate request, replacing the biller's last one. */
  insertRequest(transaction: Transaction, request: KeyRequestRow): Promise<void>;
  /** Finds the private key for a certificate issued for our request. @throws InputError */
  acceptCertificate(billerId: string, certificates: readonly X509Certificate[]): Promise<ImportedKey>;
  /**
   * Returns the key to sign with once signing is allowed: if a switch is in progress, after it.
   *
   * @param userId the portal user who signs on, if an assertion is to be signed: a canary gets the staged key
   * @returns undefined if the biller has no active key
   * @throws like ofBiller, if the key is in an HSM that is away, and service_unavailable if the switch does not end
   */
  forSigning(billerId: string, userId?: string): Promise<SigningKey | undefined>;
  /** @throws IdpError signing_key_unavailable if the active key can't be unsealed */
  ofBiller(billerId: string): Promise<BillerKeys>;
  /** Like ofBiller, as the database has them now; as they were read before if the database does not answer. */
  refreshed(billerId: string): Promise<BillerKeys>;
  list(billerId?: string): ReturnType<typeof listKeys>;
  /** Clears the cached keys of one biller, or of all. */
  forget(billerId: string | undefined): void;
}

/** Where private keys are kept. */
export type KeyPlace = 'database' | 'module';

/** Longer than a switch holds up signing, even if its instance crashes. */
const MAX_HOLD_MS = 20_000;
/** A hold is prolonged while the switch is in progress, and shortened at its end. */
const LOOK_EVERY_MS = 100;

interface KeyServices {
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly hsmKeys: HsmKeys;
  readonly clock: () => number;
}

// certificates/ brings node-forge, 10 MB that a service needs only when a key is made: it is imported there.
export function createKeys({ database, masterKey, hsmKeys, clock }: KeyServices): Keys {
  const { db } = database;
  const unavailable = (detail: string, cause?: unknown) => new IdpError('signing_key_unavailable', { detail, cause });

  function openSealed(sealed: Uint8Array, context: string): KeyObject {
    const der = masterKey.unseal(sealed, context);
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    return privateKey;
  }

  function seal(privateKey: KeyObject, context: string): Buffer {
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    const sealed = masterKey.seal(der, context);
    der.fill(0);
    return sealed;
  }

  function open(row: SigningKeyRow): KeyObject {
    if (row.sealedPrivateKey === null) throw unavailable(`the key ${row.fingerprint} has no private key here`);
    try {
      return openSealed(row.sealedPrivateKey, sealContext(row.billerId, row.id));
    } catch (cause) {
      throw unavailable(
        `the private key ${row.fingerprint} can't be unsealed: the master key is a different one, or the row is damaged`,
        cause,
      );
    }
  }

  function signerOf(row: SigningKeyRow): Signer {
    const { moduleLabel, certificate } = row;
    return moduleLabel === null ? createMemorySigner(open(row), certificate) : hsmKeys.signer(moduleLabel, certificate);
  }

  /** A key with its private key sealed. */
  function sealed(billerId: string, privateKey: KeyObject, certificate: X509Certificate, state: 'active' | 'staged') {
    const id = randomUUID();
    const sealedPrivateKey = seal(privateKey, sealContext(billerId, id));
    return newKey({ id, billerId, state, certificate, privatePart: { sealedPrivateKey }, now: new Date(clock()) });
  }

  function holdUntilOf(rows: Awaited<ReturnType<typeof publishedKeys>>): number {
    const longest = Math.max(0, ...rows.map(({ heldMs }) => heldMs ?? 0));
    return longest === 0 ? 0 : performance.now() + longest;
  }

  const signingKey = (row: SigningKeyRow): SigningKey => ({
    signer: signerOf(row),
    fingerprint: row.fingerprint,
    notBefore: row.notBefore,
    notAfter: row.notAfter,
  });

  function canaryOf(rows: readonly SigningKeyRow[]): BillerKeys['canary'] {
    const staged = rows.find((row) => row.state === 'staged');
    if (staged === undefined || staged.canaryUserId === null) return undefined;
    let opened: SigningKey | undefined;
    return {
      userId: staged.canaryUserId,
      key: () => {
        opened ??= signingKey(staged);
        return opened;
      },
    };
  }

  async function load(billerId: string): Promise<BillerKeys> {
    const rows = await publishedKeys(db, billerId);
    const active = rows.find((row) => row.state === 'active');
    return {
      billerId,
      version: versionOf(rows),
      certificates: rows.map((row) => row.certificate),
      fingerprints: rows.map((row) => row.fingerprint),
      holdUntil: holdUntilOf(rows),
      active: active && signingKey(active),
      canary: canaryOf(rows),
    };
  }

  const cache = createLoadingCache(load);
  const findVersion = createFindVersion(database);

  return {
    async make({ type, state, place, ...holder }) {
      if (place === 'module') return hsmKeys.make(holder, type, state);
      const { billerId, billerName, entityId } = holder;
      const keyPair = await makeKeyPair(type);
      const { selfSignedCertificate } = await import('./certificates/certificate.ts');
      const certificate = await selfSignedCertificate({ billerName, entityId, keyPair, now: clock() });
      const parsed = new X509Certificate(Buffer.from(certificate, 'base64'));
      return sealed(billerId, keyPair.privateKey, parsed, state);
    },
    importKey: (billerId, { privateKey, certificate }) => sealed(billerId, privateKey, certificate, 'staged'),
    open,
    async request({ id: billerId, name, entityId }, keyType) {
      const keyPair = await makeKeyPair(keyType);
      const { certificateRequest } = await import('./certificates/certificate-request.ts');
      const request = await certificateRequest(name, entityId, keyPair);
      const id = randomUUID();
      const sealedPrivateKey = seal(keyPair.privateKey, requestContext(billerId, id));
      return { id, billerId, keyType, sealedPrivateKey, request, createdAt: new Date(clock()) };
    },
    async insertRequest(transaction, request) {
      const { sealedPrivateKey: sealedPart, billerId, id } = request;
      await requireKnownSealer(transaction, masterKey, sealedPart, requestContext(billerId, id));
      await replaceKeyRequest(transaction, request);
    },
    async acceptCertificate(billerId, certificates) {
      const row = await findKeyRequest(db, billerId);
      if (row === undefined) {
        throw new InputError('No certificate request is waiting for its certificate.', { code: 'key_request_missing' });
      }
      const privateKey = openSealed(row.sealedPrivateKey, requestContext(billerId, row.id));
      const { certificateOf } = await import('./certificates/imported-key.ts');
      return { privateKey, certificate: certificateOf(privateKey, certificates) };
    },
    async insert(transaction, key) {
      const { sealedPrivateKey: sealedPart, billerId, id } = key;
      if (sealedPart) await requireKnownSealer(transaction, masterKey, sealedPart, sealContext(billerId, id));
      await insertKey(transaction, key);
      // It was scheduled for destruction in case this row was never stored.
      if (key.moduleLabel) await cancelDestruction(transaction, key.moduleLabel);
    },
    ofBiller: (billerId) => cache.get(billerId),
    async refreshed(billerId) {
      const keys = await cache.get(billerId);
      const version = await findVersion(billerId).catch(() => keys.version);
      if (version === keys.version) return keys;
      cache.forget((cached) => cached === keys);
      return cache.get(billerId);
    },
    async forSigning(billerId, userId) {
      const deadline = performance.now() + MAX_HOLD_MS;
      let keys = await cache.get(billerId);
      while (performance.now() < keys.holdUntil) {
        if (performance.now() > deadline) {
          throw new IdpError('service_unavailable', { detail: 'signing is on hold for too long', retryAfter: 10 });
        }
        await setTimeout(Math.min(keys.holdUntil - performance.now(), LOOK_EVERY_MS));
        // The notice of the switch may be lost: what was read before it must not outlive the hold.
        const held = keys;
        if (performance.now() >= held.holdUntil) cache.forget((cached) => cached === held);
        keys = await cache.get(billerId);
      }
      const { active, canary } = keys;
      const key = canary !== undefined && canary.userId === userId ? canary.key() : active;
      await key?.signer.ready?.();
      return key;
    },
    list: (billerId) => listKeys(db, billerId),
    forget: (billerId) => cache.forget(billerId === undefined ? undefined : (keys) => keys.billerId === billerId),
  };
}
