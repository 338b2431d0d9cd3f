import { createPublicKey } from 'node:crypto';
import type { KeyType } from '../key-types.ts';
import type { Binding, Cryptoki, Handle } from './cryptoki.ts';
import { readUlong } from './cryptoki.ts';
import { HsmError } from './hsm-error.ts';

/** OID of P-256 (prime256v1) in DER, as in CKA_EC_PARAMS (PKCS#11 2.40 mechanisms, 2.3.3). */
const P256 = Buffer.from('06082a8648ce3d030107', 'hex');
const EC_POINT = { uncompressed: 0x04, octetString: 0x04, bytes: 32 };

/** The two templates of a key pair, and the mechanism that makes it. The private key can never be read or extracted. */
export function templatesFor(binding: Binding, label: string, keyType: KeyType) {
  const id = Buffer.from(label.slice(-36));
  const common = [
    { type: binding.CKA_TOKEN, value: true },
    { type: binding.CKA_LABEL, value: label },
    { type: binding.CKA_ID, value: id },
  ];
  const kind =
    keyType === 'EC-P256'
      ? [{ type: binding.CKA_EC_PARAMS, value: P256 }]
      : [
          { type: binding.CKA_MODULUS_BITS, value: Number(keyType.slice(4)) },
          { type: binding.CKA_PUBLIC_EXPONENT, value: Buffer.of(1, 0, 1) },
        ];
  const isEc = keyType === 'EC-P256';
  return {
    mechanism: {
      mechanism: isEc ? binding.CKM_EC_KEY_PAIR_GEN : binding.CKM_RSA_PKCS_KEY_PAIR_GEN,
    },
    publicTemplate: [...common, ...kind, { type: binding.CKA_VERIFY, value: true }],
    privateTemplate: [
      ...common,
      { type: binding.CKA_PRIVATE, value: true },
      { type: binding.CKA_SENSITIVE, value: true },
      { type: binding.CKA_EXTRACTABLE, value: false },
      { type: binding.CKA_SIGN, value: true },
      { type: binding.CKA_DECRYPT, value: false },
      { type: binding.CKA_UNWRAP, value: false },
    ],
  };
}

/** Finds and reads objects on a token, in one session. */
export function createObjects(binding: Binding, library: Cryptoki, session: Handle) {
  /** @returns undefined if the object lacks the attribute or does not reveal it */
  function attribute(object: Handle, type: number): Buffer | undefined {
    try {
      const [found] = library.C_GetAttributeValue(session, object, [{ type }]);
      return found !== undefined && Buffer.isBuffer(found.value) && found.value.length > 0 ? found.value : undefined;
    } catch (error) {
      // PKCS#11 2.40, 5.7: "sensitive" and "no such attribute" are answers, not failures.
      if (/CKR_ATTRIBUTE_(SENSITIVE|TYPE_INVALID)/.test(String(error))) return undefined;
      throw error;
    }
  }
  const flag = (object: Handle, type: number) => attribute(object, type)?.[0] === 1;

  function search(kind: number, label: string): Handle[] {
    library.C_FindObjectsInit(session, [
      { type: binding.CKA_CLASS, value: kind },
      { type: binding.CKA_LABEL, value: label },
    ]);
    try {
      return library.C_FindObjects(session, 10);
    } finally {
      library.C_FindObjectsFinal(session);
    }
  }

  /** @returns the only private key with this label, and its type @throws HsmError if there is not exactly one */
  function privateKey(label: string): { handle: Handle; isEc: boolean } {
    const [handle, ...others] = search(binding.CKO_PRIVATE_KEY, label);
    if (handle === undefined) throw new HsmError('refused', `The HSM has no private key "${label}".`);
    if (others.length > 0) {
      throw new HsmError('refused', `The HSM has several private keys "${label}". Labels must be unique.`);
    }
    const kind = readUlong(attribute(handle, binding.CKA_KEY_TYPE) ?? Buffer.alloc(8, 0xff));
    if (kind !== binding.CKK_RSA && kind !== binding.CKK_EC) {
      throw new HsmError('refused', `The private key "${label}" in the HSM is neither RSA nor EC.`);
    }
    return { handle, isEc: kind === binding.CKK_EC };
  }

  /** @throws HsmError if the private key could leave the HSM, or a service can't use it */
  function refuseUnfit(label: string, handle: Handle): void {
    const refuse = (reason: string) => new HsmError('refused', `The private key "${label}" in the HSM ${reason}.`);
    if (!flag(handle, binding.CKA_SENSITIVE) || flag(handle, binding.CKA_EXTRACTABLE)) {
      throw refuse('can leave it; it must be sensitive and not extractable. Make a new one');
    }
    if (!flag(handle, binding.CKA_SIGN)) throw refuse('is not allowed to sign');
    if (flag(handle, binding.CKA_ALWAYS_AUTHENTICATE)) throw refuse('requires the PIN for each signature');
  }

  /** @returns SubjectPublicKeyInfo in DER */
  function publicKey(label: string, { handle, isEc }: { handle: Handle; isEc: boolean }): Buffer {
    const [publicHandle] = search(binding.CKO_PUBLIC_KEY, label);
    const read = (type: number, ...from: (Handle | undefined)[]) => {
      for (const object of from) {
        const value = object === undefined ? undefined : attribute(object, type);
        if (value !== undefined) return value;
      }
      throw new HsmError('refused', `The HSM has no public key "${label}" to go with the private one.`);
    };
    const jwk = isEc ? ecKey(read) : rsaKey(read);
    return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });

    function rsaKey(value: typeof read) {
      // An RSA private key object has the modulus; some HSMs expose the exponent only on the public key.
      const n = value(binding.CKA_MODULUS, publicHandle, handle).toString('base64url');
      return { kty: 'RSA', n, e: value(binding.CKA_PUBLIC_EXPONENT, publicHandle, handle).toString('base64url') };
    }
    function ecKey(value: typeof read) {
      if (!value(binding.CKA_EC_PARAMS, publicHandle, handle).equals(P256)) {
        throw new HsmError('refused', `The key "${label}" in the HSM is not on the curve P-256.`);
      }
      const point = value(binding.CKA_EC_POINT, publicHandle, handle);
      // The standard wraps the point in an OCTET STRING; older HSMs return the bare point.
      const bare =
        point.length === 2 * EC_POINT.bytes + 3 && point[0] === EC_POINT.octetString ? point.subarray(2) : point;
      if (bare.length !== 2 * EC_POINT.bytes + 1 || bare[0] !== EC_POINT.uncompressed) {
        throw new HsmError('refused', `The HSM returned the public key "${label}" in an unknown format.`);
      }
      const x = bare.subarray(1, 1 + EC_POINT.bytes).toString('base64url');
      return { kty: 'EC', crv: 'P-256', x, y: bare.subarray(1 + EC_POINT.bytes).toString('base64url') };
    }
  }

  /** Destroys both halves of every key pair with this label. @returns how many objects there were */
  function destroy(label: string): number {
    let destroyed = 0;
    for (const kind of [binding.CKO_PRIVATE_KEY, binding.CKO_PUBLIC_KEY]) {
      for (let found = search(kind, label); found.length > 0; found = search(kind, label)) {
        for (const object of found) library.C_DestroyObject(session, object);
        destroyed += found.length;
      }
    }
    return destroyed;
  }

  return { privateKey, refuseUnfit, publicKey, destroy };
}
