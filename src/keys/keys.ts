import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { createLoadingCache } from '../database/cache.ts';
import type { Orm } from '../database/database.ts';
import { IdpError } from '../errors/idp-error.ts';
import type { Signer } from '../saml/signer.ts';
import { selfSignedCertificate } from './certificate.ts';
import { type KeyType, makeKeyPair } from './key-types.ts';
import type { MasterKey } from './master-key.ts';
import { createMemorySigner } from './memory-signer.ts';
import { insertKey, listKeys, publishedKeys, type SigningKeyRow } from './store.ts';

/** The keys of one biller as a sign-on and the metadata need them. */
export interface BillerKeys {
  readonly billerId: string;
  /** Certificates to publish, DER in base64, the active one first. */
  readonly certificates: readonly string[];
  /** SHA-256 of the same certificates, hexadecimal, in the same order. */
  readonly fingerprints: readonly string[];
  /** Until then nothing is signed, because a switch is under way; milliseconds since 1970, or 0. */
  readonly holdUntil: number;
  readonly active:
    | { readonly signer: Signer; readonly fingerprint: string; readonly notBefore: Date; readonly notAfter: Date }
    | undefined;
}

/** A key pair that is made but not stored yet. */
export type NewKey = Parameters<typeof insertKey>[1];

export interface Keys {
  /**
   * Makes a key pair with its certificate and seals the private part. Slow; done before a transaction begins.
   *
   * @returns the key, to be inserted as `active` or `staged`
   */
  make(request: {
    billerId: string;
    billerName: string;
    entityId: string;
    type: KeyType;
    state: 'active' | 'staged';
  }): Promise<NewKey>;
  insert(orm: Orm, key: NewKey): Promise<void>;
  /**
   * The keys of a biller at a moment at which something may be signed: where a switch is under way, after it.
   *
   * @throws as ofBiller
   */
  forSigning(billerId: string): Promise<BillerKeys>;
  /** @throws IdpError signing_key_unavailable where the active key can't be unsealed */
  ofBiller(billerId: string): Promise<BillerKeys>;
  list(billerId?: string): ReturnType<typeof listKeys>;
  /** Forgets what is in memory, of one biller or of all. */
  forget(billerId: string | undefined): void;
}

/** Longer than any switch holds signing. */
const MAX_HOLD_MS = 10_000;

/** Binds a sealed private key to its row: moved to another row, it does not open. */
const sealContext = (billerId: string, keyId: string) => `signing key ${keyId} of biller ${billerId}`;

interface KeyServices {
  readonly orm: Orm;
  readonly masterKey: MasterKey;
  readonly clock: () => number;
}

export function createKeys({ orm, masterKey, clock }: KeyServices): Keys {
  function unseal(row: SigningKeyRow): Signer {
    try {
      if (row.sealedPrivateKey === null) throw new Error('the row has no private key');
      const der = masterKey.unseal(row.sealedPrivateKey, sealContext(row.billerId, row.id));
      const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
      der.fill(0);
      return createMemorySigner(privateKey, row.certificate);
    } catch (cause) {
      throw new IdpError('signing_key_unavailable', {
        detail: `the private key ${row.fingerprint} can't be unsealed: another master key, or a damaged row`,
        cause,
      });
    }
  }

  async function load(billerId: string): Promise<BillerKeys> {
    const rows = await publishedKeys(orm, billerId);
    const active = rows.find((row) => row.state === 'active');
    return {
      billerId,
      certificates: rows.map((row) => row.certificate),
      fingerprints: rows.map((row) => row.fingerprint),
      holdUntil: Math.max(0, ...rows.map((row) => row.holdUntil?.getTime() ?? 0)),
      active: active && {
        signer: unseal(active),
        fingerprint: active.fingerprint,
        notBefore: active.notBefore,
        notAfter: active.notAfter,
      },
    };
  }

  const cache = createLoadingCache(load);

  return {
    async make({ billerId, billerName, entityId, type, state }) {
      const id = randomUUID();
      const keyPair = await makeKeyPair(type);
      const certificate = await selfSignedCertificate({ billerName, entityId, keyPair, now: clock() });
      const parsed = new X509Certificate(Buffer.from(certificate, 'base64'));
      const der = keyPair.privateKey.export({ type: 'pkcs8', format: 'der' });
      const sealedPrivateKey = masterKey.seal(der, sealContext(billerId, id));
      der.fill(0);
      return {
        id,
        billerId,
        state,
        keyType: type,
        certificate,
        fingerprint: parsed.fingerprint256.replaceAll(':', '').toLowerCase(),
        sealedPrivateKey,
        notBefore: new Date(parsed.validFrom),
        notAfter: new Date(parsed.validTo),
        createdAt: new Date(clock()),
        stateSince: new Date(clock()),
        activatedAt: state === 'active' ? new Date(clock()) : null,
      };
    },
    insert: insertKey,
    ofBiller: (billerId) => cache.get(billerId),
    async forSigning(billerId) {
      let keys = await cache.get(billerId);
      // A switch takes a few seconds and one hold; should another begin meanwhile, this sign-on does not wait for it.
      const wait = Math.min(keys.holdUntil - clock(), MAX_HOLD_MS);
      if (wait > 0) {
        await setTimeout(wait);
        keys = await cache.get(billerId);
      }
      return keys;
    },
    list: (billerId) => listKeys(orm, billerId),
    forget: (billerId) => cache.forget(billerId === undefined ? undefined : (keys) => keys.billerId === billerId),
  };
}
