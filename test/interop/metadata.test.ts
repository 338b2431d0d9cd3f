import samlify from 'samlify';
import { beforeAll, describe, expect, test } from 'vitest';
import { readIdpMetadata } from '../../sandbox/saml/idp-metadata.ts';
import { NAME_ID_FORMATS } from '../../src/protocols/saml/names.ts';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import { makeResponse } from '../../src/protocols/saml/writing/response.ts';
import {
  assertionContent,
  HOSTILE,
  ISSUER,
  idpMetadata,
  makeSigningKey,
  type SigningKey,
  SSO,
} from '../support/saml/saml.ts';
import { xmlsecVerify } from '../support/saml/xml-tools.ts';
import { nodeSamlAccepts } from './verifiers.ts';

let key: SigningKey;
let other: SigningKey;
beforeAll(async () => {
  [key, other] = await Promise.all([makeSigningKey('RSA-2048'), makeSigningKey('EC-P256')]);
});

const certificates = () => [key.signer.certificate, other.signer.certificate];

describe.each([
  ['unsigned', () => undefined],
  ['signed', () => key.signer],
])('IdP metadata, %s', (_signed, signer) => {
  test('samlify reads its contents correctly', {
    meta: { holds: ['IDP-074', 'IDP-075', 'IDP-076', 'IDP-080'], source: 'SAML Metadata 2.4.3' },
  }, async () => {
    const metadata = await idpMetadata({ certificates: certificates(), wantAuthnRequestsSigned: true }, signer());
    const { entityMeta } = samlify.IdentityProvider({ metadata });
    expect(entityMeta.getEntityID()).toBe(ISSUER);
    expect(entityMeta.getSingleSignOnService('redirect')).toBe(SSO);
    expect(entityMeta.getSingleSignOnService('post')).toBe(SSO);
    expect(entityMeta.getX509Certificate('signing')).toEqual(certificates());
    expect(entityMeta.getNameIDFormat()).toEqual(Object.values(NAME_ID_FORMATS));
    expect(entityMeta.isWantAuthnRequestsSigned()).toBe(true);
    expect(Object.keys(entityMeta.getSingleLogoutService('redirect'))).toEqual([]);
  });

  test.each(['HTTP-Redirect', 'HTTP-POST'] as const)(
    'a node-saml Service Provider that is set up from it, for %s, accepts our Responses',
    { meta: { holds: ['IDP-073', 'IDP-074', 'IDP-080'], source: 'SAML Metadata 2.4.3' } },
    async (binding) => {
      const metadata = await idpMetadata({ certificates: certificates() }, signer());
      const copied = readIdpMetadata(metadata, { binding, keeps: 'first' }, new Date());
      expect(copied).toMatchObject({ entityId: ISSUER, ssoUrl: SSO });
      const certificate = copied.certificatePem.replaceAll(/-----.*-----|\s/g, '');
      const content = assertionContent({ issuer: copied.entityId });
      const xml = await makeResponse(newSamlId(), content, 'both', key.signer);
      expect(await nodeSamlAccepts({ xml, signed: 'both', certificate })).toMatchObject({ nameId: content.nameId });
    },
  );
});

test('signed metadata verifies with xmlsec1, and any changed value breaks it (SAML Metadata 3.1)', async () => {
  for (const { signer, certificatePem } of [key, other]) {
    const organizationName = HOSTILE.join('');
    const metadata = await idpMetadata({ certificates: certificates(), organizationName }, signer);
    const judge = (xml: string) => xmlsecVerify(xml, certificatePem, 'EntityDescriptor').status === 0;
    expect(judge(metadata)).toBe(true);
    for (const changed of [
      metadata.replace(SSO, 'https://evil.example/sso'),
      metadata.replace('entityID="https://sso', 'entityID="https://evil'),
      metadata.replaceAll(other.signer.certificate, key.signer.certificate),
    ]) {
      expect(changed).not.toBe(metadata);
      expect(judge(changed)).toBe(false);
    }
  }
});
