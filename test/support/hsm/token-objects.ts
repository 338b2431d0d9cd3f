/**
 * Lists the keys of a token as JSON, or, given a label, makes an extractable key pair there. It asks the token by
 * itself, so that what the service says of it can be compared.
 *
 * Arguments: PKCS#11 library, label of the token, PIN, and perhaps the label of a key pair to make.
 */
import pkcs11js from 'pkcs11js';
import type { TokenObject } from './softhsm.ts';

const [path = '', token, pin = '', newLabel] = process.argv.slice(2);
const library = new pkcs11js.PKCS11();
library.load(path);
library.C_Initialize();
const slot = library.C_GetSlotList(true).find((each) => library.C_GetTokenInfo(each).label.trim() === token);
if (slot === undefined) throw new Error(`there is no token ${token}`);
const session = library.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
library.C_Login(session, pkcs11js.CKU_USER, pin);

function read(object: Buffer, type: number): Buffer {
  const value = library.C_GetAttributeValue(session, object, [{ type }])[0]?.value;
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

/** The private exponent of an RSA key, or the private value of one on a curve. */
function secretOf(object: Buffer): string {
  const isRsa = read(object, pkcs11js.CKA_KEY_TYPE).readUInt8(0) === pkcs11js.CKK_RSA;
  try {
    return `told: ${read(object, isRsa ? pkcs11js.CKA_PRIVATE_EXPONENT : pkcs11js.CKA_VALUE).length} bytes`;
  } catch (error) {
    return /CKR_\w+/.exec(String(error))?.[0] ?? String(error);
  }
}

function list(kind: TokenObject['kind']): TokenObject[] {
  const value = kind === 'private' ? pkcs11js.CKO_PRIVATE_KEY : pkcs11js.CKO_PUBLIC_KEY;
  library.C_FindObjectsInit(session, [{ type: pkcs11js.CKA_CLASS, value }]);
  const found = library.C_FindObjects(session, 1000);
  library.C_FindObjectsFinal(session);
  const flag = (object: Buffer, type: number) => kind === 'private' && read(object, type)[0] === 1;
  return found.map((object) => ({
    kind,
    label: read(object, pkcs11js.CKA_LABEL).toString(),
    sensitive: flag(object, pkcs11js.CKA_SENSITIVE),
    alwaysSensitive: flag(object, pkcs11js.CKA_ALWAYS_SENSITIVE),
    extractable: flag(object, pkcs11js.CKA_EXTRACTABLE),
    neverExtractable: flag(object, pkcs11js.CKA_NEVER_EXTRACTABLE),
    secret: kind === 'private' ? secretOf(object) : '',
  }));
}

if (newLabel === undefined) {
  console.log(JSON.stringify([...list('private'), ...list('public')]));
} else {
  const common = [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_LABEL, value: newLabel },
  ];
  library.C_GenerateKeyPair(
    session,
    { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN },
    [
      ...common,
      { type: pkcs11js.CKA_MODULUS_BITS, value: 2048 },
      { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.of(1, 0, 1) },
    ],
    [
      ...common,
      { type: pkcs11js.CKA_PRIVATE, value: true },
      { type: pkcs11js.CKA_SENSITIVE, value: true },
      { type: pkcs11js.CKA_EXTRACTABLE, value: true },
      { type: pkcs11js.CKA_SIGN, value: true },
    ],
  );
}
library.C_Finalize();
