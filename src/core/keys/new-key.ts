import type { X509Certificate } from 'node:crypto';
import { keyTypeOf } from './key-types.ts';
import type { NewSigningKey } from './store.ts';

/** A new key pair that is not stored yet. */
export type NewKey = NewSigningKey;

/** Where the private key is: sealed in the row, or in the HSM under a label. */
type PrivatePart = { readonly sealedPrivateKey: Buffer } | { readonly moduleLabel: string };

interface KeyContent {
  readonly id: string;
  readonly billerId: string;
  readonly state: 'active' | 'staged';
  readonly certificate: X509Certificate;
  readonly privatePart: PrivatePart;
  readonly now: Date;
}

/** A key as inserted into the database. */
export function newKey({ id, billerId, state, certificate, privatePart, now }: KeyContent): NewKey {
  return {
    id,
    billerId,
    state,
    keyType: keyTypeOf(certificate.publicKey),
    certificate: certificate.raw.toString('base64'),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    ...privatePart,
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    createdAt: now,
    stateSince: now,
    activatedAt: state === 'active' ? now : null,
  };
}
