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
  /** Null once the private part is destroyed, or where a hardware security module holds it. */
  sealedPrivateKey: Buffer | null;
  /** Label of the private key in the hardware security module (PKCS#11 CKA_LABEL), where one holds it. */
  moduleLabel: string | null;
  notBefore: Date;
  notAfter: Date;
  createdAt: Generated<Date>;
  activatedAt: Date | null;
  /** When the key came into its present state. */
  stateSince: Generated<Date>;
  /** Nothing is signed for this biller until then: a switch is under way. */
  holdUntil: Date | null;
}

/** Key pairs that wait for a certificate authority's answer: one a biller. */
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
