import type { KeyType } from '../key-types.ts';
import type { ModuleTrouble } from './module-error.ts';

/** Where a token is, and what opens it. */
export interface TokenAccess {
  /** Absolute path of the PKCS#11 library. */
  readonly library: string;
  /** Label of the token. */
  readonly token: string;
  readonly pin: string;
}

/** A token as it describes itself. */
export interface TokenFacts {
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
}

/** What the service asks of its helper process (helper.ts), and what it gets for it. */
export interface ModuleCalls {
  /** Loads the library and logs in. The first call, and made once. */
  open: { readonly input: TokenAccess; readonly output: TokenFacts };
  /** Makes sure that the token answers. */
  check: { readonly input: null; readonly output: TokenFacts };
  /** Makes a key pair that stays in the module. The public key comes as SubjectPublicKeyInfo in DER. */
  generate: { readonly input: { readonly label: string; readonly keyType: KeyType }; readonly output: Uint8Array };
  /** Finds a key pair that is fit to sign with. The public key comes as SubjectPublicKeyInfo in DER. */
  find: { readonly input: { readonly label: string }; readonly output: Uint8Array };
  /** Signs with SHA-256: PKCS#1 v1.5, or r||s for ECDSA. */
  sign: { readonly input: { readonly label: string; readonly bytes: Uint8Array }; readonly output: Uint8Array };
  /** Destroys every key with a label. There may be none. @returns how many objects of the token there were */
  destroy: { readonly input: { readonly label: string }; readonly output: number };
}

export type CallName = keyof ModuleCalls;

/** One call, as it goes to the helper. */
export type Question = {
  [Name in CallName]: { readonly id: number; readonly call: Name; readonly input: ModuleCalls[Name]['input'] };
}[CallName];

/** What comes back. */
export type Answer =
  | { readonly id: number; readonly output: ModuleCalls[CallName]['output'] }
  | { readonly id: number; readonly failure: { readonly trouble: ModuleTrouble; readonly message: string } };
