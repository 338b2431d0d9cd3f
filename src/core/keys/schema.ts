import type { Generated } from 'kysely';

export interface SigningKeysTable {
  id: string;
  billerId: string;
  state: string;
  keyType: string;
  /** DER, base64. */
  certificate: string;
  /** SHA-256 of the certificate, hexadecimal. */
  fingerprint: string;
  /** Null once the private key is destroyed, or if it is in an HSM. */
  sealedPrivateKey: Buffer | null;
  /** Label of the private key in the HSM (PKCS#11 CKA_LABEL), if it is there. */
  moduleLabel: string | null;
  notBefore: Date;
  notAfter: Date;
  createdAt: Generated<Date>;
  activatedAt: Date | null;
  /** When the key entered its current state. */
  stateSince: Generated<Date>;
  /** Nothing is signed for this biller before then: a switch is in progress. */
  holdUntil: Date | null;
  /** What the Service Provider did with sign-ons that the key signed: `accepted` or `refused`; null: not known. */
  trust: string | null;
  trustAt: Date | null;
  /** The portal user whose sign-ons are signed by this key while it is staged. */
  canaryUserId: string | null;
  canarySince: Date | null;
}

/** Key pairs with an open certificate request: one per biller. */
export interface KeyRequestsTable {
  id: string;
  billerId: string;
  keyType: string;
  sealedPrivateKey: Buffer;
  /** The certificate request, PEM. */
  request: string;
  createdAt: Date;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    signingKeys: SigningKeysTable;
    keyRequests: KeyRequestsTable;
  }
}
