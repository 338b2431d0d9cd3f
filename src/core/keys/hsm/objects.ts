import { createPublicKey } from 'node:crypto';
import type { KeyType } from '../key-types.ts';
import type { Binding, Cryptoki, Handle } from './cryptoki.ts';
import { readUlong } from './cryptoki.ts';
import { ModuleError } from './module-error.ts';

/** OID of P-256, prime256v1, in DER: what CKA_EC_PARAMS holds (PKCS#11 2.40 mechanisms, 2.3.3). */
const P256 = Buffer.from('06082a8648ce3d030107', 'hex');
const EC_POINT = { uncompressed: 0x04, octetString: 0x04, bytes: 32 };

/** A key pair's two templates and the mechanism that makes it. The private key can never be read or taken out. */
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

/** Reads and looks for objects of a token, in one session. */
export function createObjects(binding: Binding, library: Cryptoki, session: Handle) {
  /** @returns undefined where the object has no such attribute, or does not tell it */
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

  /** @returns the one private key with a label, and its kind @throws ModuleError where it is not one */
  function privateKey(label: string): { handle: Handle; isEc: boolean } {
    const [handle, ...others] = search(binding.CKO_PRIVATE_KEY, label);
    if (handle === undefined) throw new ModuleError('refused', `The hardware module has no private key "${label}".`);
    if (others.length > 0) {
      throw new ModuleError(
        'refused',
        `The hardware module has several private keys "${label}". Labels must be unique.`,
      );
    }
    const kind = readUlong(attribute(handle, binding.CKA_KEY_TYPE) ?? Buffer.alloc(8, 0xff));
    if (kind !== binding.CKK_RSA && kind !== binding.CKK_EC) {
      throw new ModuleError('refused', `The private key "${label}" in the hardware module is neither RSA nor EC.`);
    }
    return { handle, isEc: kind === binding.CKK_EC };
  }

  /** @throws ModuleError where a private key could leave the module, or can't be used by a service */
  function refuseUnfit(label: string, handle: Handle): void {
    const refuse = (reason: string) =>
      new ModuleError('refused', `The private key "${label}" in the hardware module ${reason}.`);
    if (!flag(handle, binding.CKA_SENSITIVE) || flag(handle, binding.CKA_EXTRACTABLE)) {
      throw refuse('can leave it: expected is one that is sensitive and not extractable. Make a new one');
    }
    if (!flag(handle, binding.CKA_SIGN)) throw refuse('may not sign');
    if (flag(handle, binding.CKA_ALWAYS_AUTHENTICATE)) throw refuse('wants the PIN for every single signature');
  }

  /** @returns SubjectPublicKeyInfo in DER */
  function publicKey(label: string, { handle, isEc }: { handle: Handle; isEc: boolean }): Buffer {
    const [publicHandle] = search(binding.CKO_PUBLIC_KEY, label);
    const read = (type: number, ...from: (Handle | undefined)[]) => {
      for (const object of from) {
        const value = object === undefined ? undefined : attribute(object, type);
        if (value !== undefined) return value;
      }
      throw new ModuleError('refused', `The hardware module has no public key "${label}" beside the private one.`);
    };
    const jwk = isEc ? ecKey(read) : rsaKey(read);
    return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });

    function rsaKey(value: typeof read) {
      // An RSA private key knows its public half; some modules tell the exponent of the public one only.
      const n = value(binding.CKA_MODULUS, publicHandle, handle).toString('base64url');
      return { kty: 'RSA', n, e: value(binding.CKA_PUBLIC_EXPONENT, publicHandle, handle).toString('base64url') };
    }
    function ecKey(value: typeof read) {
      if (!value(binding.CKA_EC_PARAMS, publicHandle, handle).equals(P256)) {
        throw new ModuleError('refused', `The key "${label}" in the hardware module is on another curve than P-256.`);
      }
      const point = value(binding.CKA_EC_POINT, publicHandle, handle);
      // An OCTET STRING around the point, as the standard has it, or, with older modules, the point alone.
      const bare =
        point.length === 2 * EC_POINT.bytes + 3 && point[0] === EC_POINT.octetString ? point.subarray(2) : point;
      if (bare.length !== 2 * EC_POINT.bytes + 1 || bare[0] !== EC_POINT.uncompressed) {
        throw new ModuleError('refused', `The hardware module tells the public key "${label}" in an unknown form.`);
      }
      const x = bare.subarray(1, 1 + EC_POINT.bytes).toString('base64url');
      return { kty: 'EC', crv: 'P-256', x, y: bare.subarray(1 + EC_POINT.bytes).toString('base64url') };
    }
  }

  /** Destroys both halves of every key pair with a label. @returns how many objects there were */
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
