import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { seal, unseal } from './seal.ts';

/**
 * The installation's master key. Keys derived from it never leave this object. During a rotation there are several: the
 * first seals, and each can unseal.
 */
export interface MasterKey {
  /** Identify the keys without revealing them, the sealing key first. */
  readonly checkValues: readonly string[];
  /**
   * @param context what the secret belongs to; the same string is needed to unseal it
   * @returns version, IV, tag and ciphertext (AES-256-GCM)
   */
  seal(secret: Uint8Array, context: string): Buffer;
  /** @throws if the master key, the context or a single bit differs */
  unseal(sealed: Uint8Array, context: string): Buffer;
  /** Tells whether unseal would succeed. The secret itself is wiped at once. */
  opens(sealed: Uint8Array, context: string): boolean;
  /** Tells whether a secret is sealed with the current sealing key. */
  isCurrent(sealed: Uint8Array, context: string): boolean;
  /**
   * Keeps up with a rotation by another process: the keys are read again before every seal, and where none of them can
   * unseal a secret. Where they can't be read, the known ones stay.
   */
  follow(read: () => readonly string[]): void;
  /** @returns the check value of the key that a secret is sealed with; undefined if it is none of these */
  sealerOf(sealed: Uint8Array, context: string): string | undefined;
  /** Replaces the keys. @param base64 each 32 bytes in base64, newest first; at least one */
  adopt(base64: readonly string[]): void;
  /** @returns 32 bytes derived from the sealing key, different ones for each purpose */
  derive(purpose: string): Buffer;
}

interface OneKey {
  readonly checkValue: string;
  readonly sealing: KeyObject;
  derive(purpose: string): Buffer;
}

function deriveKeys(base64: string): OneKey {
  const master = Buffer.from(base64, 'base64');
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', master, '', `ic-idp ${purpose}`, 32));
  return {
    checkValue: createHmac('sha256', derive('check')).update('master key').digest('hex').slice(0, 16),
    sealing: createSecretKey(derive('seal')),
    derive,
  };
}

/** @returns what identifies a master key without revealing it @param base64 32 bytes in base64 */
export const checkValueOf = (base64: string): string => deriveKeys(base64).checkValue;

/** @param base64 each 32 bytes in base64, newest first; at least one */
export function createMasterKey(...base64: string[]): MasterKey {
  const keys = base64.map(deriveKeys);
  const current = () => {
    const [first] = keys;
    if (first === undefined) throw new Error('there is no master key');
    return first;
  };

  function opensWith(key: OneKey, sealed: Uint8Array, context: string): boolean {
    const secret = opened(key, sealed, context);
    secret?.fill(0);
    return secret !== undefined;
  }

  const opensWithAny = (sealed: Uint8Array, context: string) => keys.some((key) => opensWith(key, sealed, context));

  function opened(key: OneKey, sealed: Uint8Array, context: string): Buffer | undefined {
    try {
      return unseal(key.sealing, sealed, context);
    } catch {
      return undefined;
    }
  }

  let readAgain: (() => readonly string[]) | undefined;
  /** @returns whether there are other keys than before */
  function refresh(): boolean {
    try {
      const fresh = readAgain?.().map(deriveKeys) ?? [];
      const names = (some: readonly OneKey[]) => some.map(({ checkValue }) => checkValue).join();
      if (fresh.length === 0 || names(fresh) === names(keys)) return false;
      keys.splice(0, keys.length, ...fresh);
      return true;
    } catch {
      return false;
    }
  }
  function unsealWithAny(sealed: Uint8Array, context: string): Buffer | undefined {
    for (const key of keys) {
      const secret = opened(key, sealed, context);
      if (secret !== undefined) return secret;
    }
    return undefined;
  }

  return {
    get checkValues() {
      return keys.map(({ checkValue }) => checkValue);
    },
    seal(secret, context) {
      refresh();
      return seal(current().sealing, secret, context);
    },
    unseal(sealed, context) {
      const secret = unsealWithAny(sealed, context) ?? (refresh() ? unsealWithAny(sealed, context) : undefined);
      // Report the last key's error.
      return secret ?? unseal((keys.at(-1) ?? current()).sealing, sealed, context);
    },
    opens: (sealed, context) => opensWithAny(sealed, context) || (refresh() && opensWithAny(sealed, context)),
    isCurrent: (sealed, context) => opensWith(current(), sealed, context),
    follow(read) {
      readAgain = read;
    },
    sealerOf: (sealed, context) => keys.find((key) => opensWith(key, sealed, context))?.checkValue,
    adopt: (base64) => void keys.splice(0, keys.length, ...base64.map(deriveKeys)),
    derive: (purpose) => current().derive(purpose),
  };
}
