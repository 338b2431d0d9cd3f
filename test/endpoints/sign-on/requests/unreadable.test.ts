import { deflateRawSync } from 'node:zlib';
import { beforeAll, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../../../src/protocols/saml/reading/decode.ts';
import type { BrowserLike } from '../../../support/browser/browser-like.ts';
import type { Held } from '../../../support/held.ts';
import { useStage } from '../../../support/stage.ts';
import { base64, expectRefused, good, MARK } from './refused-page.ts';

const [, body = ''] = good.split('<saml:Issuer>');

/** XML that neither binding accepts, with the error code. */
const messages: [string, Held, string | Buffer, string][] = [
  [
    'text that is not XML',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    `${MARK} is no XML`,
    'saml_request_malformed',
  ],
  [
    'XML that is cut off',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    good.slice(0, -8),
    'saml_request_malformed',
  ],
  [
    'bytes that are not UTF-8',
    { meta: { holds: ['IDP-014'], source: 'project rule' } },
    Buffer.concat([Buffer.from('<x>'), Buffer.from([0xff])]),
    'saml_request_malformed',
  ],
  [
    'more than the largest message',
    { meta: { holds: ['IDP-015'], source: 'project rule' } },
    good.replace('</saml:Issuer>', `$&<!--${'x'.repeat(MAX_MESSAGE_BYTES)}-->`),
    'saml_request_too_large',
  ],
  [
    'a document type',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    `<!DOCTYPE x>${good}`,
    'saml_request_forbidden_xml',
  ],
  [
    'an external entity',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    `<!DOCTYPE x [<!ENTITY mark SYSTEM "file:///etc/passwd">]>${good.replace('</saml:Issuer>', '&mark;$&')}`,
    'saml_request_forbidden_xml',
  ],
  [
    'an undeclared entity',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    good.replace('</saml:Issuer>', '&mark;$&'),
    'saml_request_malformed',
  ],
  [
    'a processing instruction',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    good.replace('<saml:Issuer>', '<?php echo 1 ?>$&'),
    'saml_request_forbidden_xml',
  ],
  [
    'two requests one after the other',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    good + good,
    'saml_request_malformed',
  ],
  [
    'a LogoutRequest',
    { meta: { holds: ['IDP-017'], source: 'SAML Core 3.7.1' } },
    good.replaceAll('samlp:AuthnRequest', 'samlp:LogoutRequest'),
    'saml_message_unsupported',
  ],
  [
    'the right name without a namespace',
    { meta: { holds: ['IDP-017'], source: 'SAML Core 3.4.1' } },
    `<AuthnRequest ID="_${MARK}" Version="2.0"><Issuer>${body}`
      .replace('</saml:Issuer>', '</Issuer>')
      .replace('</samlp:', '</'),
    'saml_message_unsupported',
  ],
];

const stage = useStage();
let signedIn: BrowserLike;
beforeAll(async () => {
  signedIn = await stage.signedIn();
});

for (const [what, held, xml, code] of messages) {
  test(`${what}: a page on both bindings, also with a session, and nothing is posted`, held, async () => {
    await expectRefused(stage, signedIn, 'GET', { SAMLRequest: base64(deflateRawSync(xml)), RelayState: MARK }, code);
    await expectRefused(stage, signedIn, 'POST', { SAMLRequest: base64(xml), RelayState: MARK }, code);
  });
}
