import type { KeyType } from '../key-types.ts';
import type { HsmTrouble } from './hsm-error.ts';

/** Where the token is, and its PIN. */
export interface TokenAccess {
  /** Absolute path of the PKCS#11 library. */
  readonly library: string;
  /** Label of the token. */
  readonly token: string;
  readonly pin: string;
}

/** A token's description of itself. */
export interface TokenFacts {
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
}

/** What the service asks its helper process (helper.ts), and the answers. */
export interface HsmCalls {
  /** Loads the library and logs in. The first call, made only once. */
  open: { readonly input: TokenAccess; readonly output: TokenFacts };
  /** Checks that the token responds. */
  check: { readonly input: null; readonly output: TokenFacts };
  /** Makes a key pair that stays in the HSM. Returns the public key as SubjectPublicKeyInfo in DER. */
  generate: { readonly input: { readonly label: string; readonly keyType: KeyType }; readonly output: Uint8Array };
  /** Finds a key pair that is fit for signing. Returns the public key as SubjectPublicKeyInfo in DER. */
  find: { readonly input: { readonly label: string }; readonly output: Uint8Array };
  /** Signs with SHA-256: PKCS#1 v1.5, or r||s for ECDSA. */
  sign: { readonly input: { readonly label: string; readonly bytes: Uint8Array }; readonly output: Uint8Array };
  /** Destroys every key with a label, if any. @returns how many objects were on the token */
  destroy: { readonly input: { readonly label: string }; readonly output: number };
}

export type CallName = keyof HsmCalls;

/** One call, as sent to the helper. */
export type Question = {
  [Name in CallName]: { readonly id: number; readonly call: Name; readonly input: HsmCalls[Name]['input'] };
}[CallName];

/** The helper's reply. */
export type Answer =
  | { readonly id: number; readonly output: HsmCalls[CallName]['output'] }
  | { readonly id: number; readonly failure: { readonly trouble: HsmTrouble; readonly message: string } };
