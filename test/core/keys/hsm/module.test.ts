import { createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createModule, type HardwareModule } from '../../../../src/core/keys/hsm/module.ts';
import { createTestToken, type TestToken } from '../../../support/softhsm.ts';

let token: TestToken;
let module: HardwareModule;
beforeAll(() => {
  token = createTestToken();
  module = createModule(token.settings, { answer: 30_000 });
});
afterAll(() => {
  module.close();
  token.remove();
});

const message = Buffer.from('what is signed');
const verifies = (key: KeyObject, signature: Uint8Array, bytes: Buffer = message) =>
  verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature);

test.each(['RSA-2048', 'RSA-3072', 'RSA-4096', 'EC-P256'] as const)(
  'a key of the kind %s is made in the module, signs there, can neither be read nor taken out, and can be destroyed (PKCS#11 2.40, 4.9)',
  async (keyType) => {
    const label = `made as ${keyType}`;
    const publicKey = await module.generate(label, keyType);
    const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
    expect(asymmetricKeyType === 'ec' ? 'EC-P256' : `RSA-${asymmetricKeyDetails?.modulusLength}`).toBe(keyType);
    expect(verifies(publicKey, await module.sign(label, message))).toBe(true);
    expect((await module.find(label)).equals(publicKey)).toBe(true);
    const mine = token.objects().filter((object) => object.label === label);
    expect(mine.map(({ kind }) => kind)).toEqual(['private', 'public']);
    expect(mine[0]).toEqual({
      kind: 'private',
      label,
      sensitive: true,
      alwaysSensitive: true,
      extractable: false,
      neverExtractable: true,
      secret: 'CKR_ATTRIBUTE_SENSITIVE',
    });
    expect(await module.destroy(label)).toBe(2);
    expect(token.objects().filter((object) => object.label === label)).toEqual([]);
    await expect(module.sign(label, message)).rejects.toThrow(`has no private key "${label}"`);
    expect(await module.destroy(label)).toBe(0);
  },
);

test('fifty signatures are made at once, by more sessions than one, and each belongs to its message', async () => {
  const keys = await Promise.all(
    ['one', 'two'].map(async (label) => [label, await module.generate(label, 'RSA-2048')] as const),
  );
  const signed = await Promise.all(
    Array.from({ length: 50 }, async (_, number) => {
      const [label, key] = keys[number % 2] ?? ['', undefined];
      const bytes = createHash('sha512').update(String(number)).digest();
      return key !== undefined && verifies(key, await module.sign(label, bytes), bytes);
    }),
  );
  expect(signed).toEqual(Array.from({ length: 50 }, () => true));
  for (const [label] of keys) await module.destroy(label);
});

describe('what is in the token already', () => {
  test('is found by its label, and signs', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    token.importKey('brought along', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect((await module.find('brought along')).equals(publicKey)).toBe(true);
    expect(verifies(publicKey, await module.sign('brought along', message))).toBe(true);
  });

  test('is not taken where its private part may leave the token', async () => {
    token.makeExtractableKey('loose');
    await expect(module.find('loose')).rejects.toThrow('"loose" in the hardware module can leave it');
  });

  test('is not taken where a label names two', async () => {
    await module.generate('twice', 'EC-P256');
    token.makeExtractableKey('twice');
    await expect(module.find('twice')).rejects.toThrow('several private keys "twice"');
    await expect(module.sign('twice', message)).rejects.toThrow('several private keys "twice"');
    await module.destroy('twice');
  });

  test('signs with the key that has the label now, though another had it before', async () => {
    const before = await module.generate('changing', 'RSA-2048');
    expect(verifies(before, await module.sign('changing', message))).toBe(true);
    const elsewhere = createModule(token.settings, { answer: 30_000 });
    await elsewhere.destroy('changing');
    const now = await elsewhere.generate('changing', 'RSA-2048');
    elsewhere.close();
    const signature = await module.sign('changing', message);
    expect(verifies(now, signature)).toBe(true);
    await module.destroy('changing');
  });
});

describe('what can be wrong with the settings is told in a sentence', () => {
  const told = async (settings: Partial<TestToken['settings']>) => {
    const wrong = createModule({ ...token.settings, ...settings }, { answer: 30_000 });
    const sentence = await wrong.check().then(
      () => 'nothing',
      (error: Error) => error.message,
    );
    wrong.close();
    return sentence;
  };

  test('a library that is not there', async () => {
    expect(await told({ library: '/nowhere/lib.so' })).toMatch(
      /^The library \/nowhere\/lib\.so \(PKCS11_LIBRARY\) can't be loaded/,
    );
  });
  test('a library that is none of PKCS#11', async () => {
    expect(await told({ library: process.execPath })).toMatch(/\(PKCS11_LIBRARY\) can't be loaded/);
  });
  test('a token that is not there', async () => {
    expect(await told({ token: 'other' })).toBe(
      'The hardware module has no token "other" (PKCS11_TOKEN). It has "ic-idp test", "".',
    );
  });
  test('a wrong PIN, which is not tried twice, because that may lock the token', async () => {
    const wrong = createModule({ ...token.settings, pin: 'wrong' }, { answer: 30_000, retry: 0 });
    await expect(wrong.check()).rejects.toThrow('could not log in (PKCS11_PIN): it said CKR_PIN_INCORRECT');
    await expect(wrong.check()).rejects.toThrow('It is not tried again');
    wrong.close();
  });
  test('no command that prints the PIN', async () => {
    expect(await told({ pin: 'command:exit 3' })).toBe(
      'The command of PKCS11_PIN failed: it ended with 3. Run it by hand to see why.',
    );
  });
});

test('the PIN comes from a command, too', async () => {
  const other = createModule({ ...token.settings, pin: `command:echo ${token.settings.pin}` }, { answer: 30_000 });
  expect((await other.check()).manufacturer).toBe('SoftHSM project');
  other.close();
});
