import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createMemorySigner } from '../../../src/core/keys/memory-signer.ts';
import type { SigningKey } from './saml.ts';
import { runTool, withFiles } from './xml-tools.ts';

export const DS = 'http://www.w3.org/2000/09/xmldsig#';
export const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
export const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const ENVELOPED = `${DS}enveloped-signature`;
export const SHA_256 = 'http://www.w3.org/2001/04/xmlenc#sha256';

function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = runTool(command, args);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Makes a key of any kind with its certificate by OpenSSL. @param algorithm as `openssl req -newkey` wants it */
export function opensslKey(...algorithm: readonly string[]): SigningKey {
  return withFiles({}, (path) => {
    const [key, certificate] = [path('key.pem'), path('certificate.pem')];
    must('openssl', [
      ...['req', '-x509', '-newkey', ...algorithm, '-noenc', '-subj', '/CN=sp', '-days', '2', '-sha256'],
      ...['-keyout', key, '-out', certificate],
    ]);
    const [privateKeyPem, certificatePem] = [readFileSync(key, 'utf8'), readFileSync(certificate, 'utf8')];
    const privateKey = createPrivateKey(privateKeyPem);
    return {
      keyPair: { privateKey, publicKey: createPublicKey(privateKey) },
      signer: createMemorySigner(privateKey, new X509Certificate(certificatePem).raw.toString('base64')),
      certificatePem,
      privateKeyPem,
    };
  });
}

/** A Reference without its digest. @param transforms as XML */
export function reference(uri: string | null, transforms = TRANSFORMS, digest = SHA_256): string {
  const attribute = uri === null ? '' : ` URI="${uri}"`;
  return `<ds:Reference${attribute}>${transforms}<ds:DigestMethod Algorithm="${digest}"/><ds:DigestValue/></ds:Reference>`;
}

export const transform = (algorithm: string, inside = '') =>
  `<ds:Transform Algorithm="${algorithm}">${inside}</ds:Transform>`;
export const transforms = (...each: readonly string[]) => `<ds:Transforms>${each.join('')}</ds:Transforms>`;
const TRANSFORMS = transforms(transform(ENVELOPED), transform(EXCLUSIVE));

interface TemplateParts {
  readonly method?: string;
  readonly canonicalization?: string;
  /** XML inside CanonicalizationMethod. */
  readonly inside?: string;
  /** XML after SignatureValue. */
  readonly after?: string;
}

/** A Signature without its value. */
export function signatureTemplate(
  references: string,
  { method = `${MORE}rsa-sha256`, canonicalization = EXCLUSIVE, inside = '', after = '' }: TemplateParts = {},
): string {
  return (
    `<ds:Signature xmlns:ds="${DS}"><ds:SignedInfo>` +
    `<ds:CanonicalizationMethod Algorithm="${canonicalization}">${inside}</ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${method}"/>${references}</ds:SignedInfo><ds:SignatureValue/>${after}</ds:Signature>`
  );
}

/** The attributes that xmlsec1 must treat as IDs. */
const ID_ATTRIBUTES = [
  'protocol:AuthnRequest',
  'assertion:Issuer',
  'metadata:EntityDescriptor',
  'metadata:EntitiesDescriptor',
].flatMap((element) => ['--id-attr:ID', `urn:oasis:names:tc:SAML:2.0:${element}`]);

/** Fills in the signature template of a document, with xmlsec1. @param secret for HMAC, instead of the key */
export function xmlsecSign(xml: string, key: Pick<SigningKey, 'privateKeyPem'>, secret?: string | Buffer): string {
  return withFiles({ 'document.xml': xml, 'key.pem': key.privateKeyPem, 'hmac.key': secret ?? '' }, (path) =>
    must('xmlsec1', [
      '--sign',
      ...(secret === undefined ? ['--privkey-pem', path('key.pem')] : ['--hmackey', path('hmac.key')]),
      ...ID_ATTRIBUTES,
      path('document.xml'),
    ]),
  );
}

/** Whether xmlsec1 verifies the first signature of a document, whatever its form and coverage. */
export function xmlsecAccepts(xml: string, { certificatePem }: Pick<SigningKey, 'certificatePem'>): boolean {
  return withFiles({ 'document.xml': xml, 'certificate.pem': certificatePem }, (path) => {
    const key = ['--pubkey-cert-pem', path('certificate.pem'), '--enabled-key-data', 'rsa,ec'];
    return runTool('xmlsec1', ['--verify', ...key, ...ID_ATTRIBUTES, path('document.xml')]).status === 0;
  });
}
