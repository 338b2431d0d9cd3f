import { verify as verifyBytes, X509Certificate } from 'node:crypto';
import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import samlify from 'samlify';
import { type SignatureAlgorithm, SignedXml } from 'xml-crypto';
import type { KeyType } from '../../src/core/keys/key-types.ts';
import { BINDING_POST } from '../../src/protocols/saml/names.ts';
import { SIGNATURE_ALGORITHM_URIS } from '../../src/protocols/saml/signatures/algorithms.ts';
import type { SignChoice } from '../../src/protocols/saml/writing/response.ts';
import { all, attributes, children, type DomElement, only, parseDom } from '../support/saml/dom.ts';
import { ACS, AUDIENCE, ISSUER, idpMetadata, toPem } from '../support/saml/saml.ts';
import { schemaErrors, xmlsecVerify } from '../support/saml/xml-tools.ts';

/** What a verifier read from the signed part. */
export interface Accepted {
  readonly nameId: string;
  /** Values by claim name. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** A signed Response as received by a Service Provider, with what it knows in advance. */
export interface SignedResponse {
  readonly xml: string;
  readonly signed: SignChoice;
  /** The trusted certificate, regardless of KeyInfo: DER in base64. */
  readonly certificate: string;
}

export interface Verifier {
  readonly name: string;
  readonly keyTypes: readonly KeyType[];
  /** Characters that it reads differently from XML 1.0, so that it computes a wrong digest. */
  readonly misread: RegExp;
  /** Rejects what it does not accept. */
  verify(response: SignedResponse): Promise<Accepted>;
}

type Parent = 'Response' | 'Assertion';
const SIGNED_PARENTS: Readonly<Record<SignChoice, readonly Parent[]>> = {
  assertion: ['Assertion'],
  response: ['Response'],
  both: ['Response', 'Assertion'],
};

/** The parser of xml-crypto, node-saml and samlify treats these as line ends, and replaces them by line feeds. */
const LINE_ENDS_OF_XML_1_1 = /[\u0085\u2028]/;
const NOTHING = /(?!)/;

/** samlify and node-saml return a single value bare and several as an array. */
const lists = (values: Readonly<Record<string, string | readonly string[]>> = {}): Accepted['claims'] =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat()]));

function readAccepted(root: DomElement): Accepted {
  return {
    nameId: only(root, 'saml:NameID').textContent,
    claims: Object.fromEntries(
      all(root, 'saml:Attribute').map((attribute) => [
        attributes(attribute).Name,
        all(attribute, 'saml:AttributeValue').map((value) => value.textContent),
      ]),
    ),
  };
}

/** How to add an algorithm to xml-crypto. Everything but the signature value remains its own work. */
class EcdsaSha256 implements SignatureAlgorithm {
  getAlgorithmName = () => SIGNATURE_ALGORITHM_URIS['ecdsa-sha256'];
  getSignature = (): string => {
    throw new Error('only verifies');
  };
  verifySignature = (material: string, publicCert: unknown, signatureValue: string): boolean => {
    const key = new X509Certificate(String(publicCert)).publicKey;
    const signature = Buffer.from(signatureValue, 'base64');
    return verifyBytes('sha256', Buffer.from(material), { key, dsaEncoding: 'ieee-p1363' }, signature);
  };
}

/**
 * Verifies the signature of one element with xml-crypto.
 *
 * @param certificatePem the trusted certificate, regardless of KeyInfo
 * @returns the signed element, according to xml-crypto
 * @throws Error if it does not verify, or does not sign its parent
 */
export function xmlCryptoVerify(xml: string, certificatePem: string, parent: Parent): string {
  const root = parseDom(xml);
  const prefixed = parent === 'Response' ? 'samlp:Response' : 'saml:Assertion';
  const element = root.nodeName === prefixed ? root : only(root, prefixed);
  const signature = children(element).find((child) => child.localName === 'Signature');
  if (signature === undefined) throw new Error(`${parent} has no signature`);
  const verifier = new SignedXml({ publicCert: certificatePem, getCertFromKeyInfo: () => null });
  verifier.SignatureAlgorithms[SIGNATURE_ALGORITHM_URIS['ecdsa-sha256']] = EcdsaSha256;
  verifier.loadSignature(signature as unknown as Node);
  const uris = verifier.getReferences().map(({ uri }) => uri);
  if (uris.join() !== `#${element.getAttribute('ID')}`) throw new Error(`the signature is over ${uris.join()}`);
  if (!verifier.checkSignature(xml)) throw new Error(`the signature of ${parent} is not valid`);
  const [signed, ...others] = verifier.getSignedReferences();
  if (signed === undefined || others.length > 0) throw new Error('not one Reference was signed');
  return signed;
}

const xmlsec1: Verifier = {
  name: 'xmlsec1',
  keyTypes: ['RSA-2048', 'EC-P256'],
  misread: NOTHING,
  async verify({ xml, signed, certificate }) {
    for (const parent of SIGNED_PARENTS[signed]) {
      const { status, stderr } = xmlsecVerify(xml, toPem(certificate), parent);
      if (status !== 0) throw new Error(stderr);
    }
    return readAccepted(parseDom(xml));
  },
};

const xmlCrypto: Verifier = {
  name: 'xml-crypto',
  keyTypes: ['RSA-2048', 'EC-P256'],
  misread: LINE_ENDS_OF_XML_1_1,
  async verify({ xml, signed, certificate }) {
    const found = SIGNED_PARENTS[signed].map((parent) => xmlCryptoVerify(xml, toPem(certificate), parent));
    return readAccepted(parseDom(found.at(-1) ?? ''));
  },
};

/** Users of samlify supply a schema validator; this one is xmllint with the OASIS schemas. */
samlify.setSchemaValidator({
  validate: async (xml: string) => {
    const errors = schemaErrors(xml, 'protocol');
    if (errors !== '') throw new Error(errors);
    return 'valid';
  },
});

const samlifyVerifier: Verifier = {
  name: 'samlify',
  keyTypes: ['RSA-2048'],
  // It serializes what it parsed and verifies that; carriage returns are bare by then, and are lost when parsed again.
  misread: new RegExp(`\\r|${LINE_ENDS_OF_XML_1_1.source}`),
  async verify({ xml, signed, certificate }) {
    const identityProvider = samlify.IdentityProvider({ metadata: await idpMetadata({ certificates: [certificate] }) });
    const serviceProvider = samlify.ServiceProvider({
      entityID: AUDIENCE,
      wantAssertionsSigned: signed !== 'response',
      wantMessageSigned: signed !== 'assertion',
      assertionConsumerService: [{ Binding: BINDING_POST, Location: ACS }],
    });
    const body = { SAMLResponse: Buffer.from(xml).toString('base64') };
    const { extract } = await serviceProvider.parseLoginResponse(identityProvider, 'post', { body });
    return { nameId: extract.nameID ?? '', claims: lists(extract.attributes) };
  },
};

/** node-saml as a Service Provider that sent a request with this ID. @throws Error with node-saml's message */
export async function nodeSamlAccepts(
  { xml, signed, certificate }: SignedResponse,
  expectations: { readonly requestId?: string; readonly audience?: string } = {},
): Promise<Accepted> {
  const requests = new Map([[expectations.requestId ?? '_request-1', new Date().toISOString()]]);
  const serviceProvider = new SAML({
    idpCert: toPem(certificate),
    idpIssuer: ISSUER,
    issuer: AUDIENCE,
    audience: expectations.audience ?? AUDIENCE,
    callbackUrl: ACS,
    wantAssertionsSigned: signed !== 'response',
    wantAuthnResponseSigned: signed !== 'assertion',
    validateInResponseTo: ValidateInResponseTo.always,
    acceptedClockSkewMs: 0,
    cacheProvider: {
      saveAsync: async () => null,
      getAsync: async (id) => requests.get(id) ?? null,
      removeAsync: async (id) => (requests.delete(id ?? '') ? id : null),
    },
  });
  const { profile } = await serviceProvider.validatePostResponseAsync({
    SAMLResponse: Buffer.from(xml).toString('base64'),
  });
  return { nameId: profile?.nameID ?? '', claims: lists(profile?.attributes as Parameters<typeof lists>[0]) };
}

const nodeSaml: Verifier = {
  name: 'node-saml',
  keyTypes: ['RSA-2048'],
  misread: LINE_ENDS_OF_XML_1_1,
  verify: (response) => nodeSamlAccepts(response),
};

export const verifiers: readonly Verifier[] = [xmlsec1, xmlCrypto, samlifyVerifier, nodeSaml];
