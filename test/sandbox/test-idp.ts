import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import forge from 'node-forge';
import { SignedXml } from 'xml-crypto';

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';

/** A key pair with its self-signed certificate. */
export interface TestKey {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

/** Makes an RSA key and a certificate, valid from an hour ago. */
export function makeTestKey(commonName: string, days = 30): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Math.min(Date.now(), Date.now() + days * 86_400_000) - 3_600_000);
  certificate.validity.notAfter = new Date(Date.now() + days * 86_400_000);
  const name = [{ name: 'commonName', value: commonName }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return { privateKeyPem: privateKey, certificatePem: forge.pki.certificateToPem(certificate) };
}

/** The parts of a Response. The defaults of `goodParts` make an acceptable one. */
export interface ResponseParts {
  readonly assertionId: string;
  readonly destination: string;
  readonly recipient: string;
  readonly inResponseTo: string;
  readonly subjectInResponseTo: string;
  readonly issuer: string;
  /** The Issuer of the assertion, if different from that of the Response. */
  readonly assertionIssuer?: string;
  readonly audience: string;
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly issuedAt: number;
  /** NotBefore and AuthnInstant, if not derived from issuedAt. */
  readonly validFrom?: number;
  readonly lifeMs: number;
  readonly claims: ReadonlyArray<readonly [name: string, value: string]>;
  readonly sign: 'assertion' | 'both' | 'response' | 'none';
  readonly signatureAlgorithm: string;
  readonly key: TestKey;
}

/** An ID that is a valid xs:ID. */
export function newId(): string {
  return `_${randomBytes(16).toString('hex')}`;
}

/** Writes a Response and signs it with xml-crypto; returns the value of the SAMLResponse field. */
export function writeResponse(parts: ResponseParts): string {
  let xml = responseXml(parts);
  if (parts.sign === 'assertion' || parts.sign === 'both') {
    xml = signElement(xml, 'Assertion', parts);
  }
  if (parts.sign === 'response' || parts.sign === 'both') {
    xml = signElement(xml, 'Response', parts);
  }
  return Buffer.from(xml).toString('base64');
}

/** A Response that reports an error. */
export function writeErrorResponse(parts: ResponseParts): string {
  const xml = `<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="${newId()}" Version="2.0" IssueInstant="${at(parts.issuedAt)}" Destination="${parts.destination}" InResponseTo="${parts.inResponseTo}"><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></p:StatusCode><p:StatusMessage>no such user</p:StatusMessage></p:Status></p:Response>`;
  return Buffer.from(xml).toString('base64');
}

function responseXml(parts: ResponseParts): string {
  const issued = at(parts.issuedAt);
  const end = at(parts.issuedAt + parts.lifeMs);
  const claims = parts.claims
    .map(([name, value]) => `<a:Attribute Name="${name}"><a:AttributeValue>${value}</a:AttributeValue></a:Attribute>`)
    .join('');
  const assertion =
    `<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="${parts.assertionId}" Version="2.0" IssueInstant="${issued}">` +
    `<a:Issuer>${parts.assertionIssuer ?? parts.issuer}</a:Issuer>` +
    `<a:Subject><a:NameID Format="${parts.nameIdFormat}">${parts.nameId}</a:NameID>` +
    `<a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><a:SubjectConfirmationData InResponseTo="${parts.subjectInResponseTo}" NotOnOrAfter="${end}" Recipient="${parts.recipient}"/></a:SubjectConfirmation></a:Subject>` +
    `<a:Conditions NotBefore="${at(parts.validFrom ?? parts.issuedAt - 1000)}" NotOnOrAfter="${end}"><a:AudienceRestriction><a:Audience>${parts.audience}</a:Audience></a:AudienceRestriction></a:Conditions>` +
    `<a:AuthnStatement AuthnInstant="${at(parts.validFrom ?? parts.issuedAt)}"><a:AuthnContext><a:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</a:AuthnContextClassRef></a:AuthnContext></a:AuthnStatement>` +
    `<a:AttributeStatement>${claims}</a:AttributeStatement></a:Assertion>`;
  return (
    `<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="${newId()}" Version="2.0" IssueInstant="${issued}" Destination="${parts.destination}" InResponseTo="${parts.inResponseTo}">` +
    `<a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">${parts.issuer}</a:Issuer>` +
    `<p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>${assertion}</p:Response>`
  );
}

function signElement(xml: string, name: 'Assertion' | 'Response', parts: ResponseParts): string {
  const signer = new SignedXml({
    privateKey: parts.key.privateKeyPem,
    signatureAlgorithm: parts.signatureAlgorithm,
    canonicalizationAlgorithm: exclusive,
  });
  const path = name === 'Response' ? '/*' : "/*/*[local-name()='Assertion']";
  signer.addReference({
    xpath: path,
    transforms: [enveloped, exclusive],
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
  });
  signer.computeSignature(xml, { location: { reference: `${path}/*[local-name()='Issuer']`, action: 'after' } });
  return signer.getSignedXml();
}

function at(time: number): string {
  return new Date(time).toISOString();
}

/** A response from the metadata URL. */
export interface Published {
  readonly status?: number;
  readonly location?: string;
  readonly body: string;
}

/** The test Identity Provider's web server: it only publishes metadata, and counts fetches. */
export interface TestIdp {
  readonly metadataUrl: string;
  readonly entityId: string;
  readonly ssoUrl: (binding: 'redirect' | 'post') => string;
  readonly fetches: () => number;
  /** The response to the next fetch. */
  publish(metadata: Published): void;
  /** Metadata with these certificates, in this order. */
  metadataWith(...keys: readonly TestKey[]): string;
  close(): Promise<void>;
}

/** Starts the web server on a free port, with a first key published. */
export async function startTestIdp(key: TestKey): Promise<TestIdp> {
  let answer: Published = { body: '' };
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches += 1;
    const location = answer.location === undefined ? {} : { location: answer.location };
    const headers = { 'content-type': 'application/samlmetadata+xml', ...location };
    response.writeHead(answer.status ?? 200, headers).end(answer.body);
    // Following a redirect would lead to valid metadata.
    if (answer.location !== undefined) {
      answer = { body: metadataWith(key) };
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const entityId = `${origin}/saml/test/metadata`;
  const ssoUrl = (binding: 'redirect' | 'post') => `${origin}/sso/${binding}`;
  const metadataWith = (...keys: readonly TestKey[]) => {
    const descriptors = keys.map(
      ({ certificatePem }) =>
        `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificatePem.replaceAll(/-----[A-Z ]+-----/g, '').trim()}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
    );
    return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${entityId}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${descriptors.join('')}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${ssoUrl('redirect')}"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${ssoUrl('post')}"/></md:IDPSSODescriptor></md:EntityDescriptor>`;
  };
  answer = { body: metadataWith(key) };
  return {
    metadataUrl: entityId,
    entityId,
    ssoUrl,
    fetches: () => fetches,
    publish: (metadata) => {
      answer = metadata;
    },
    metadataWith,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
