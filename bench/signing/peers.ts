import saml20 from '@boxyhq/saml20';
import { Saml20 } from 'saml';
import { IdentityProvider, SamlLib, ServiceProvider } from 'samlify';
import { SignedXml } from 'xml-crypto';
import {
  BINDING_POST,
  BINDING_REDIRECT,
  ENVELOPED_SIGNATURE,
  EXCLUSIVE_C14N,
  SHA256,
  STATUS_CODES,
} from '../../src/protocols/saml/names.ts';
import { SIGNATURE_ALGORITHM_URIS } from '../../src/protocols/saml/signatures/algorithms.ts';
import { writeAssertion } from '../../src/protocols/saml/writing/assertion.ts';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import { makeResponse } from '../../src/protocols/saml/writing/response.ts';
import {
  ACS,
  AUDIENCE,
  assertionContent,
  cutAssertion,
  ISSUER,
  type SigningKey,
} from '../../test/support/saml/saml.ts';

/** Makes one document with a signed assertion in it, with a fresh ID and the time of now. @returns XML */
export type MakeSigned = () => string | Promise<string>;

const ASSERTION_PATH = "//*[local-name(.)='Assertion']";
const LIFETIME_SECONDS = 300;

/** The same Response as ours, with nothing signed yet. It costs next to nothing beside signing it. */
async function unsignedResponses({ signer }: SigningKey): Promise<() => string> {
  const sample = await makeResponse(newSamlId(), assertionContent(), 'assertion', signer);
  const [before, after] = sample.split(cutAssertion(sample));
  return () => {
    const { beforeSignature, afterSignature } = writeAssertion(assertionContent());
    return before + beforeSignature + afterSignature + after;
  };
}

/** The generic library itself: it gets the text for nothing, and signs it. */
async function xmlCrypto(key: SigningKey): Promise<MakeSigned> {
  const { signer, privateKeyPem } = key;
  const unsignedResponse = await unsignedResponses(key);
  const keyInfo = `<X509Data><X509Certificate>${signer.certificate}</X509Certificate></X509Data>`;
  return () => {
    const signature = new SignedXml({
      privateKey: privateKeyPem,
      signatureAlgorithm: SIGNATURE_ALGORITHM_URIS['rsa-sha256'],
      canonicalizationAlgorithm: EXCLUSIVE_C14N,
      getKeyInfoContent: () => keyInfo,
    });
    signature.addReference({
      xpath: ASSERTION_PATH,
      transforms: [ENVELOPED_SIGNATURE, EXCLUSIVE_C14N],
      digestAlgorithm: SHA256,
    });
    const location = { reference: `${ASSERTION_PATH}/*[local-name(.)='Issuer']`, action: 'after' } as const;
    signature.computeSignature(unsignedResponse(), { location });
    return signature.getSignedXml();
  };
}

/** Its createSAMLResponse always signs twice, so only its signing is asked for: the text comes for nothing. */
async function boxyhq(key: SigningKey): Promise<MakeSigned> {
  const { privateKeyPem, certificatePem } = key;
  const unsignedResponse = await unsignedResponses(key);
  return () => saml20.default.sign(unsignedResponse(), privateKeyPem, certificatePem, ASSERTION_PATH);
}

async function auth0({ privateKeyPem, certificatePem }: SigningKey): Promise<MakeSigned> {
  return () => {
    const content = assertionContent();
    return Saml20.create({
      key: privateKeyPem,
      cert: certificatePem,
      issuer: content.issuer,
      lifetimeInSeconds: LIFETIME_SECONDS,
      audiences: content.audience,
      recipient: content.recipient,
      inResponseTo: content.inResponseTo,
      attributes: Object.fromEntries(content.attributes.map(({ name, values }) => [name, values[0] ?? ''])),
      typedAttributes: false,
      sessionIndex: content.sessionIndex,
      nameIdentifier: content.nameId,
      nameIdentifierFormat: content.nameIdFormat,
      authnContextClassRef: content.authnContextClassRef,
    });
  };
}

/** The way its handbook shows: templates, and a callback that fills in the values. */
async function samlify({ privateKeyPem, certificatePem }: SigningKey): Promise<MakeSigned> {
  const identityProvider = IdentityProvider({
    entityID: ISSUER,
    privateKey: privateKeyPem,
    signingCert: certificatePem,
    requestSignatureAlgorithm: SIGNATURE_ALGORITHM_URIS['rsa-sha256'],
    singleSignOnService: [{ Binding: BINDING_REDIRECT, Location: ISSUER.replace('/metadata', '/sso') }],
    loginResponseTemplate: {
      context: SamlLib.defaultLoginResponseTemplate.context,
      attributes: assertionContent().attributes.map(({ name, nameFormat }) => ({
        name,
        nameFormat,
        valueXsiType: 'xs:string',
        valueTag: name,
      })),
    },
  });
  const serviceProvider = ServiceProvider({
    entityID: AUDIENCE,
    wantAssertionsSigned: true,
    assertionConsumerService: [{ Binding: BINDING_POST, Location: ACS }],
  });
  const request = { extract: { request: { id: '_request-1' } } };
  const fill = (template: string) => {
    const content = assertionContent();
    const [now, end] = [new Date(content.issueInstant).toISOString(), new Date(content.notOnOrAfter).toISOString()];
    const id = newSamlId();
    const values = Object.fromEntries(content.attributes.map(({ name, values: [value] }) => [`attr${name}`, value]));
    const context = SamlLib.replaceTagsByValue(template, {
      ...values,
      ID: id,
      AssertionID: content.id,
      Destination: ACS,
      Audience: AUDIENCE,
      SubjectRecipient: ACS,
      Issuer: ISSUER,
      IssueInstant: now,
      StatusCode: STATUS_CODES.Success,
      ConditionsNotBefore: now,
      ConditionsNotOnOrAfter: end,
      SubjectConfirmationDataNotOnOrAfter: end,
      NameIDFormat: content.nameIdFormat,
      NameID: content.nameId,
      InResponseTo: content.inResponseTo,
      AuthnStatement: '',
    });
    return { id, context };
  };
  return async () => {
    const { context } = await identityProvider.createLoginResponse(serviceProvider, request, 'post', {}, fill);
    return Buffer.from(context, 'base64').toString();
  };
}

/** Every peer by its package's name. */
export const peers: Readonly<Record<string, (key: SigningKey) => Promise<MakeSigned>>> = {
  'xml-crypto': xmlCrypto,
  samlify,
  '@boxyhq/saml20': boxyhq,
  saml: auth0,
};
