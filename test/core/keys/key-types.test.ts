import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KEY_TYPES, makeKeyPair, signatureAlgorithmOf } from '../../../src/core/keys/key-types.ts';
import { createMemorySigner } from '../../../src/core/keys/memory-signer.ts';

describe.each(KEY_TYPES)('%s', (type) => {
  test('a new key pair matches its type and signs with SHA-256', {
    meta: { holds: ['IDP-090'], source: 'project rule' },
  }, async () => {
    const { publicKey, privateKey } = await makeKeyPair(type);
    expect(createPublicKey(privateKey).equals(publicKey)).toBe(true);
    if (type === 'EC-P256') {
      expect(privateKey.asymmetricKeyType).toBe('ec');
      expect(privateKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
      expect(signatureAlgorithmOf(privateKey)).toBe('ecdsa-sha256');
    } else {
      expect(privateKey.asymmetricKeyType).toBe('rsa');
      expect(privateKey.asymmetricKeyDetails).toEqual({
        modulusLength: Number(type.slice(4)),
        publicExponent: 65_537n,
      });
      expect(signatureAlgorithmOf(privateKey)).toBe('rsa-sha256');
    }
  });
});

test('making a key pair does not block the event loop', {
  meta: { holds: ['IDP-101'], source: 'project rule' },
}, async () => {
  let turns = 0;
  let going = true;
  const turn = () => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await makeKeyPair('RSA-3072');
  going = false;
  // A blocked event loop would not have turned once by now.
  expect(turns).toBeGreaterThan(10);
});

describe.each(['RSA-2048', 'EC-P256'] as const)('a signer in memory, %s', (type) => {
  test('signs unhashed bytes in the form that XML Signature requires, concurrently', {
    meta: { holds: ['IDP-056'], source: 'RFC 9231, 2.3' },
  }, async () => {
    const { publicKey, privateKey } = await makeKeyPair(type);
    const signer = createMemorySigner(privateKey, 'Q0VSVA==');
    expect(signer).toMatchObject({ algorithm: signatureAlgorithmOf(privateKey), certificate: 'Q0VSVA==' });
    const pool = Buffer.from('0123456789'.repeat(10));
    const messages = Array.from({ length: 20 }, (_, index) => pool.subarray(index, 50 + index));
    const signatures = await Promise.all(messages.map((message) => signer.sign(message)));
    for (const [index, message] of messages.entries()) {
      const signature = signatures[index] ?? Buffer.of();
      // r and s have 32 bytes each, regardless of leading zeros (XML Signature 1.1, 6.4.3).
      expect(signature).toHaveLength(type === 'EC-P256' ? 64 : 256);
      expect(verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
      expect(verify('sha256', pool, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(false);
    }
  });

  test('rejects if the key can’t sign', async () => {
    const { publicKey } = await makeKeyPair(type);
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const signer = createMemorySigner(createPublicKey({ key: der, type: 'spki', format: 'der' }), '');
    await expect(signer.sign(Buffer.from('x'))).rejects.toThrow();
    expect(() => createPrivateKey(der)).toThrow();
  });
});
