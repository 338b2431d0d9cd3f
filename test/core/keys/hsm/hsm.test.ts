import { createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHsm, type Hsm } from '../../../../src/core/keys/hsm/hsm.ts';
import { createTestToken, type TestToken } from '../../../support/hsm/softhsm.ts';

let token: TestToken;
let hsm: Hsm;
beforeAll(() => {
  token = createTestToken();
  hsm = createHsm(token.settings, { answer: 30_000 });
});
afterAll(() => {
  hsm.close();
  token.remove();
});

const message = Buffer.from('what is signed');
const verifies = (key: KeyObject, signature: Uint8Array, bytes: Buffer = message) =>
  verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature);

test.each(['RSA-2048', 'RSA-3072', 'RSA-4096', 'EC-P256'] as const)(
  'a key of type %s is made in the HSM, signs there, can neither be read nor extracted, and can be destroyed (PKCS#11 2.40, 4.9)',
  async (keyType) => {
    const label = `made as ${keyType}`;
    const publicKey = await hsm.generate(label, keyType);
    const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
    expect(asymmetricKeyType === 'ec' ? 'EC-P256' : `RSA-${asymmetricKeyDetails?.modulusLength}`).toBe(keyType);
    expect(verifies(publicKey, await hsm.sign(label, message))).toBe(true);
    expect((await hsm.find(label)).equals(publicKey)).toBe(true);
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
    expect(await hsm.destroy(label)).toBe(2);
    expect(token.objects().filter((object) => object.label === label)).toEqual([]);
    await expect(hsm.sign(label, message)).rejects.toThrow(`has no private key "${label}"`);
    expect(await hsm.destroy(label)).toBe(0);
  },
);

test('fifty signatures are made concurrently in several sessions, and each matches its message', async () => {
  const keys = await Promise.all(
    ['one', 'two'].map(async (label) => [label, await hsm.generate(label, 'RSA-2048')] as const),
  );
  const signed = await Promise.all(
    Array.from({ length: 50 }, async (_, number) => {
      const [label, key] = keys[number % 2] ?? ['', undefined];
      const bytes = createHash('sha512').update(String(number)).digest();
      return key !== undefined && verifies(key, await hsm.sign(label, bytes), bytes);
    }),
  );
  expect(signed).toEqual(Array.from({ length: 50 }, () => true));
  for (const [label] of keys) await hsm.destroy(label);
});

describe('a key pair already on the token', () => {
  test('is found by its label, and signs', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    token.importKey('brought along', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect((await hsm.find('brought along')).equals(publicKey)).toBe(true);
    expect(verifies(publicKey, await hsm.sign('brought along', message))).toBe(true);
  });

  test('is refused if its private key may leave the token', async () => {
    token.makeExtractableKey('loose');
    await expect(hsm.find('loose')).rejects.toThrow('"loose" in the HSM can leave it');
  });

  test('is refused if two have the same label', async () => {
    await hsm.generate('twice', 'EC-P256');
    token.makeExtractableKey('twice');
    await expect(hsm.find('twice')).rejects.toThrow('several private keys "twice"');
    await expect(hsm.sign('twice', message)).rejects.toThrow('several private keys "twice"');
    await hsm.destroy('twice');
  });

  test('signs with the key that now has the label, even if another had it before', async () => {
    const before = await hsm.generate('changing', 'RSA-2048');
    expect(verifies(before, await hsm.sign('changing', message))).toBe(true);
    const elsewhere = createHsm(token.settings, { answer: 30_000 });
    await elsewhere.destroy('changing');
    const now = await elsewhere.generate('changing', 'RSA-2048');
    elsewhere.close();
    const signature = await hsm.sign('changing', message);
    expect(verifies(now, signature)).toBe(true);
    await hsm.destroy('changing');
  });
});

describe('wrong settings are reported in a sentence', () => {
  const failureWith = async (settings: Partial<TestToken['settings']>) => {
    const wrong = createHsm({ ...token.settings, ...settings }, { answer: 30_000 });
    const sentence = await wrong.check().then(
      () => 'nothing',
      (error: Error) => error.message,
    );
    wrong.close();
    return sentence;
  };

  test('a missing library', async () => {
    expect(await failureWith({ library: '/nowhere/lib.so' })).toMatch(
      /^The library \/nowhere\/lib\.so \(PKCS11_LIBRARY\) can't be loaded/,
    );
  });
  test('a library that is not PKCS#11', async () => {
    expect(await failureWith({ library: process.execPath })).toMatch(/\(PKCS11_LIBRARY\) can't be loaded/);
  });
  test('a missing token', async () => {
    expect(await failureWith({ token: 'other' })).toBe(
      'The HSM has no token "other" (PKCS11_TOKEN). It has "ic-idp test", "".',
    );
  });
  test('a wrong PIN, which is not retried, because that could lock the token', async () => {
    const wrong = createHsm({ ...token.settings, pin: 'wrong' }, { answer: 30_000, retry: 0 });
    await expect(wrong.check()).rejects.toThrow('could not log in (PKCS11_PIN): it returned CKR_PIN_INCORRECT');
    await expect(wrong.check()).rejects.toThrow('It will not be retried');
    wrong.close();
  });
  test('a PIN command that fails', async () => {
    expect(await failureWith({ pin: 'command:exit 3' })).toBe(
      'The command of PKCS11_PIN failed: its exit code was 3. Run it by hand to see why.',
    );
  });
});

test('the PIN can also come from a command', async () => {
  const other = createHsm({ ...token.settings, pin: `command:echo ${token.settings.pin}` }, { answer: 30_000 });
  expect((await other.check()).manufacturer).toBe('SoftHSM project');
  other.close();
});
