/** Algorithms that this Identity Provider signs with (their RFC 9231 identifiers are in `algorithms.ts`). */
export type SignatureAlgorithm = 'rsa-sha256' | 'ecdsa-sha256';

/** Signs bytes with one private key, which is in this process's memory or in a hardware security module (HSM). */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** The certificate for KeyInfo: DER, base64 without line breaks. */
  readonly certificate: string;
  /** Throws if the key is known to be unreachable. Call it before writing anything. Absent if that can't happen. */
  ready?(): Promise<void>;
  /**
   * @param bytes the bytes to sign, not hashed
   * @param last whether every other signature goes first, if they have to wait
   * @returns the raw signature: PKCS#1 v1.5 for RSA, r||s (RFC 9231, 2.3.6 via XML Signature 6.4.3) for ECDSA
   */
  sign(bytes: Uint8Array, last?: boolean): Promise<Uint8Array>;
}
