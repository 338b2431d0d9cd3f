import { describe, expect, test } from 'vitest';
import { certificateRequest } from '../../../../src/core/keys/certificates/certificate-request.ts';
import { makeKeyPair } from '../../../../src/core/keys/key-types.ts';
import { runTool, withFiles } from '../../../support/saml/xml-tools.ts';

describe.each(['RSA-2048', 'EC-P256'] as const)('a certificate request for a key of type %s', (type) => {
  test('is valid to OpenSSL: key, signature and subject (RFC 2986, 4)', async () => {
    const keyPair = await makeKeyPair(type);
    const request = await certificateRequest(
      'Rivière & Söhne, Ltd',
      'https://sso.example.com/saml/x/metadata',
      keyPair,
    );
    const { status, stdout, stderr } = withFiles({ 'request.pem': request }, (path) =>
      runTool('openssl', [
        'req',
        '-in',
        path('request.pem'),
        '-verify',
        '-noout',
        '-text',
        '-pubkey',
        '-nameopt',
        'utf8,sep_multiline',
      ]),
    );
    expect(stderr).toMatch(/verify OK/);
    expect(status).toBe(0);
    expect(stdout).toContain(keyPair.publicKey.export({ type: 'spki', format: 'pem' }));
    expect(stdout).toContain('CN=Rivière & Söhne, Ltd');
    expect(stdout).toContain('OU=SAML signing');
    expect(stdout).toContain(type === 'EC-P256' ? 'ecdsa-with-SHA256' : 'sha256WithRSAEncryption');
    expect(stdout).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(stdout).toContain('URI:https://sso.example.com/saml/x/metadata');
  });
});
