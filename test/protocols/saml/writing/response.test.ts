import { beforeAll, describe, expect, test } from 'vitest';
import { STATUS_CODES } from '../../../../src/protocols/saml/names.ts';
import type { AssertionContent } from '../../../../src/protocols/saml/writing/assertion.ts';
import {
  makeErrorResponse,
  makeResponse,
  SIGN_CHOICES,
  type Status,
} from '../../../../src/protocols/saml/writing/response.ts';
import { attributes, children, type DomElement, only, parseDom } from '../../../support/saml/dom.ts';
import { ACS, assertionContent, HOSTILE, ISSUER, makeSigningKey, type SigningKey } from '../../../support/saml/saml.ts';

let key: SigningKey;
beforeAll(async () => {
  key = await makeSigningKey('EC-P256');
});

const INSTANT = Date.UTC(2026, 2, 1, 8, 30, 0, 999);
const made = async (overrides: Partial<AssertionContent> = {}) =>
  parseDom(
    await makeResponse('_r1', assertionContent({ issueInstant: INSTANT, ...overrides }), 'assertion', key.signer),
  );
const names = (element: DomElement) => children(element).map(({ nodeName }) => nodeName);

test('a Response has the version, UTC time, its ACS and the request that it answers', {
  meta: { holds: ['IDP-036', 'IDP-037', 'IDP-038'], source: 'SAML Core 3.2.2' },
}, async () => {
  expect(attributes(await made())).toEqual({
    Destination: ACS,
    ID: '_r1',
    InResponseTo: '_request-1',
    IssueInstant: '2026-03-01T08:30:00Z',
    Version: '2.0',
  });
});

test('neither an unsolicited Response nor its assertion has an InResponseTo', {
  meta: { holds: ['IDP-038'], source: 'SAML Profiles 4.1.5' },
}, async () => {
  const root = await made({ inResponseTo: undefined });
  expect(attributes(root)).not.toHaveProperty('InResponseTo');
  expect(attributes(only(root, 'saml:SubjectConfirmationData'))).not.toHaveProperty('InResponseTo');
});

test('it has the Issuer of its assertion, Success and exactly one assertion, in schema order', {
  meta: { holds: ['IDP-039', 'IDP-040'], source: 'SAML Core 3.2.2, 3.3.3' },
}, async () => {
  const root = await made();
  expect(names(root)).toEqual(['saml:Issuer', 'samlp:Status', 'saml:Assertion']);
  const [issuer, status, assertion] = children(root);
  expect(issuer?.textContent).toBe(ISSUER);
  expect(attributes(issuer as DomElement)).toEqual({});
  expect(names(status as DomElement)).toEqual(['samlp:StatusCode']);
  expect(attributes(only(root, 'samlp:StatusCode'))).toEqual({ Value: STATUS_CODES.Success });
  expect(children(assertion as DomElement)[0]?.textContent).toBe(ISSUER);
});

/** Node types of a whole tree (DOM Level 2): 1 element, 3 text, 4 CDATA, 7 processing instruction, 8 comment. */
function nodeTypes(element: DomElement, found = new Set<number>()): Set<number> {
  found.add(element.nodeType);
  for (let node = element.firstChild; node !== null; node = node.nextSibling) nodeTypes(node, found);
  return found;
}

test.each(SIGN_CHOICES)(
  'signed %s, it contains only elements and text, for all values',
  { meta: { holds: ['IDP-041'], source: 'project rule' } },
  async (signed) => {
    const content = assertionContent({ attributes: [{ name: 'x', nameFormat: 'urn:x', values: HOSTILE }] });
    const xml = await makeResponse('_r1', content, signed, key.signer);
    expect(xml).toMatch(/^<samlp:Response /);
    expect(nodeTypes(parseDom(xml))).toEqual(new Set([1, 3]));
  },
);

describe('an error Response', () => {
  const write = async (status: Status, inResponseTo: string | undefined = '_request-1') => {
    const content = { id: '_r2', issuer: ISSUER, issueInstant: INSTANT, destination: ACS, inResponseTo };
    return parseDom(await makeErrorResponse(content, status, 'assertion', key.signer));
  };

  test('has the status, one code nested in the other, and no assertion', {
    meta: { holds: ['IDP-033'], source: 'SAML Core 3.2.2.1, 3.2.2.2' },
  }, async () => {
    const root = await write({ codes: ['Responder', 'NoAuthnContext'], message: 'not <so> & "so"' });
    expect(attributes(root)).toEqual({
      Destination: ACS,
      ID: '_r2',
      InResponseTo: '_request-1',
      IssueInstant: '2026-03-01T08:30:00Z',
      Version: '2.0',
    });
    expect(names(root)).toEqual(['saml:Issuer', 'samlp:Status']);
    const [top, message] = children(only(root, 'samlp:Status')) as [DomElement, DomElement];
    expect(attributes(top)).toEqual({ Value: 'urn:oasis:names:tc:SAML:2.0:status:Responder' });
    expect(children(top).map(attributes)).toEqual([{ Value: 'urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext' }]);
    expect(message.nodeName).toBe('samlp:StatusMessage');
    expect(message.textContent).toBe('not <so> & "so"');
  });

  test('may have a top-level code only', {
    meta: { holds: ['IDP-033'], source: 'SAML Core 3.2.2.2' },
  }, async () => {
    const root = await write({ codes: ['VersionMismatch'] });
    expect(names(only(root, 'samlp:Status'))).toEqual(['samlp:StatusCode']);
    expect(children(only(root, 'samlp:StatusCode'))).toEqual([]);
  });
});
