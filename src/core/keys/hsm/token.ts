import { createHash } from 'node:crypto';
import { type Cryptoki, type Handle, holding, loadBinding, toHsmError } from './cryptoki.ts';
import { HsmError } from './hsm-error.ts';
import type { HsmCalls, TokenAccess, TokenFacts } from './messages.ts';
import { createObjects, templatesFor } from './objects.ts';
import { createSessions } from './sessions.ts';

/** An open token: what the helper process can do with it. All functions throw HsmError. */
export type Token = {
  readonly [Name in Exclude<keyof HsmCalls, 'open'>]: (
    input: HsmCalls[Name]['input'],
  ) => Promise<HsmCalls[Name]['output']>;
} & {
  readonly facts: TokenFacts;
  /** Logs out and unloads the library, as far as it allows that. */
  close(): void;
};

/** Room for the signature of an 8192-bit RSA key. */
const MAX_SIGNATURE = 1024;
interface KeyHandle {
  readonly handle: Handle;
  readonly isEc: boolean;
}

function slotOf(library: Cryptoki, label: string): Handle {
  const present = library.C_GetSlotList(true).flatMap((slot) => {
    try {
      return [{ slot, label: library.C_GetTokenInfo(slot).label.trim() }];
    } catch (error) {
      // An unknown card in another reader.
      if (/CKR_TOKEN_NOT_(PRESENT|RECOGNIZED)/.test(String(error))) return [];
      throw error;
    }
  });
  const [found, ...others] = present.filter((token) => token.label === label.trim());
  if (found !== undefined && others.length === 0) return found.slot;
  const names = present.map((token) => `"${token.label}"`).join(', ');
  throw new HsmError(
    'away',
    others.length > 0
      ? `The HSM has several tokens "${label}" (PKCS11_TOKEN). Labels must be unique.`
      : `The HSM has no token "${label}" (PKCS11_TOKEN). It has ${names === '' ? 'none' : names}.`,
  );
}

function factsOf(library: Cryptoki, slot: Handle): TokenFacts {
  const { manufacturerID, model, serialNumber } = library.C_GetTokenInfo(slot);
  return { manufacturer: manufacturerID.trim(), model: model.trim(), serial: serialNumber.trim() };
}

/** Loads the library, finds the token by its label and logs in. @throws HsmError */
export async function openToken({ library: path, token: label, pin }: TokenAccess): Promise<Token> {
  const binding = await loadBinding();
  const library = new binding.PKCS11();
  const attempt = <Result>(doing: string, work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw toHsmError(error, doing);
    }
  };
  try {
    library.load(path);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new HsmError('away', `The library ${path} (PKCS11_LIBRARY) can't be loaded: ${reason}`, { cause });
  }
  // Signatures are made on several threads concurrently.
  attempt('begin', () => library.C_Initialize({ flags: binding.CKF_OS_LOCKING_OK }));
  const slot = attempt('list its tokens', () => slotOf(library, label));
  const first = attempt('open a session', () => library.C_OpenSession(slot, binding.CKF_SERIAL_SESSION));
  attempt('log in (PKCS11_PIN)', () => library.C_Login(first, binding.CKU_USER, pin));
  const sessions = createSessions(binding, library, slot, first);
  /**
   * A handle is valid as long as its object. A stale handle is treated as the HSM being away, which triggers a new
   * lookup.
   */
  const known = new Map<string, KeyHandle>();

  async function telling<Result>(doing: string, work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw toHsmError(error, doing);
    }
  }

  async function signIn(session: Handle, { handle, isEc }: KeyHandle, bytes: Buffer): Promise<Buffer> {
    // CKM_ECDSA takes a hash, and is the mechanism that every HSM with elliptic curves has; it returns r||s.
    const data = isEc ? createHash('sha256').update(bytes).digest() : bytes;
    const mechanism = isEc ? binding.CKM_ECDSA : binding.CKM_SHA256_RSA_PKCS;
    library.C_SignInit(session, { mechanism }, handle);
    const signature = Buffer.alloc(MAX_SIGNATURE);
    return holding({ data, signature }, library.C_SignAsync(session, data, signature));
  }

  return {
    facts: factsOf(library, slot),

    close() {
      try {
        library.C_CloseAllSessions(slot);
        library.C_Finalize();
      } catch {
        // The HSM is away or busy; it will notice that its client is gone.
      }
    },

    check: () =>
      telling(
        'answer',
        sessions.use(async (session) => {
          library.C_GetSessionInfo(session);
          return factsOf(library, slot);
        }),
      ),

    generate: ({ label: keyLabel, keyType }) =>
      telling(
        `make a key of type ${keyType}`,
        sessions.change(async (session) => {
          const { mechanism, publicTemplate, privateTemplate } = templatesFor(binding, keyLabel, keyType);
          await holding(
            { mechanism, publicTemplate, privateTemplate },
            library.C_GenerateKeyPairAsync(session, mechanism, publicTemplate, privateTemplate),
          );
          const objects = createObjects(binding, library, session);
          const key = objects.privateKey(keyLabel);
          // Check what the HSM made, not what was requested.
          objects.refuseUnfit(keyLabel, key.handle);
          return objects.publicKey(keyLabel, key);
        }),
      ),

    find: ({ label: keyLabel }) =>
      telling(
        `look for the key "${keyLabel}"`,
        sessions.use(async (session) => {
          const objects = createObjects(binding, library, session);
          const key = objects.privateKey(keyLabel);
          objects.refuseUnfit(keyLabel, key.handle);
          return objects.publicKey(keyLabel, key);
        }),
      ),

    sign: ({ label: keyLabel, bytes }) =>
      telling(
        `sign with the key "${keyLabel}"`,
        sessions.use(async (session) => {
          const key = known.get(keyLabel) ?? createObjects(binding, library, session).privateKey(keyLabel);
          known.set(keyLabel, key);
          return signIn(session, key, Buffer.from(bytes));
        }),
      ),

    destroy: ({ label: keyLabel }) =>
      telling(
        `destroy the key "${keyLabel}"`,
        sessions.change(async (session) => {
          known.delete(keyLabel);
          return createObjects(binding, library, session).destroy(keyLabel);
        }),
      ),
  };
}
