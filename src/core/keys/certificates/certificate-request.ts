import forge from 'node-forge';
import type { KeyPair } from '../key-types.ts';
import { publicKeyInfo, signStructure, standInKey, subjectOf } from './der.ts';

// Part of node-forge's documented interface, but missing from its type package.
const { getCertificationRequestInfo } = forge.pki as unknown as {
  getCertificationRequestInfo(request: forge.pki.CertificateSigningRequest): forge.asn1.Asn1;
};

/**
 * Makes a certificate request (PKCS#10, RFC 2986) with SHA-256 for a certificate authority.
 *
 * @returns PEM
 */
export async function certificateRequest(billerName: string, entityId: string, keyPair: KeyPair): Promise<string> {
  const request = forge.pki.createCertificationRequest();
  request.publicKey = standInKey();
  request.setSubject(subjectOf(billerName));
  request.setAttributes([
    {
      name: 'extensionRequest',
      extensions: [
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'subjectAltName', altNames: [{ type: 6, value: entityId }] },
      ],
    },
  ]);
  const info = getCertificationRequestInfo(request);
  // RFC 2986, 4.1: version, subject, subjectPKInfo, attributes.
  (info.value as forge.asn1.Asn1[])[2] = publicKeyInfo(keyPair.publicKey);
  const base64 = (await signStructure(info, keyPair)).toString('base64');
  return `-----BEGIN CERTIFICATE REQUEST-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE REQUEST-----\n`;
}
