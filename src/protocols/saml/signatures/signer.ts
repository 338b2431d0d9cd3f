/** Signature algorithms that this Identity Provider signs with (RFC 9231 identifiers are in `algorithms.ts`). */
export type SignatureAlgorithm = 'rsa-sha256' | 'ecdsa-sha256';

/** Signs bytes with one private key, which is in the memory of this process or in a hardware module. */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** The certificate that goes into KeyInfo: DER, base64 without line breaks. */
  readonly certificate: string;
  /** Throws where the key is known to be out of reach: asked before anything is written down. Absent: it never is. */
  ready?(): Promise<void>;
  /**
   * @param bytes what to sign, not hashed
   * @returns the raw signature: PKCS#1 v1.5 for RSA, r||s (RFC 9231, 2.3.6 via XML Signature 6.4.3) for ECDSA
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}
