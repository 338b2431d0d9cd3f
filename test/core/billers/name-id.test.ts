import { describe, expect, test } from 'vitest';
import type { Biller } from '../../../src/core/billers/biller.ts';
import { isNameIdOf, nameIdOf } from '../../../src/core/billers/name-id.ts';
import { NAME_ID_FORMATS } from '../../../src/protocols/saml/names.ts';
import { newBiller } from './biller.ts';

const biller = newBiller();
const pat = { id: '3b241101-e2bb-4255-8caf-4136c566a962', email: 'Pat@Example.com' };
const sam = { id: '3b241101-e2bb-4255-8caf-4136c566a963', email: 'sam@example.com' };
const qualifiers = { nameQualifier: biller.entityId, spNameQualifier: biller.serviceProvider.entityId };

const elsewhere = (overrides: Partial<Biller>): Biller => ({ ...biller, ...overrides });

describe('a NameID', () => {
  test.each(['emailAddress', 'unspecified'] as const)(
    'in the format %s is the email address, without qualifiers',
    { meta: { holds: ['IDP-044'], source: 'SAML Core 8.3.1, 8.3.2' } },
    (format) => {
      expect(nameIdOf(biller, pat, format)).toEqual({
        nameId: 'Pat@Example.com',
        nameIdFormat: `urn:oasis:names:tc:SAML:1.1:nameid-format:${format}`,
      });
    },
  );

  test('that is persistent stays the same, is opaque and has at most 256 characters', {
    meta: { holds: ['IDP-044'], source: 'SAML Core 8.3.7' },
  }, () => {
    const one = nameIdOf(biller, pat, 'persistent');
    expect(one).toEqual({
      nameId: expect.stringMatching(/^[\w-]{43}$/),
      nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
      ...qualifiers,
    });
    expect(nameIdOf(biller, pat, 'persistent')).toEqual(one);
    // With a new email address, it is still the same person.
    expect(nameIdOf(biller, { ...pat, email: 'p@example.net' }, 'persistent')).toEqual(one);
  });

  test('that is persistent differs for each person, Service Provider and biller', {
    meta: { holds: ['IDP-044'], source: 'SAML Core 8.3.7' },
  }, () => {
    const other = elsewhere({ serviceProvider: { ...biller.serviceProvider, entityId: 'https://other.example' } });
    const salted = elsewhere({ pairwiseSalt: Buffer.alloc(32, 2) });
    const ids = [
      nameIdOf(biller, pat, 'persistent'),
      nameIdOf(biller, sam, 'persistent'),
      nameIdOf(other, pat, 'persistent'),
      nameIdOf(salted, pat, 'persistent'),
    ].map(({ nameId }) => nameId);
    expect(new Set(ids).size).toBe(4);
  });

  test('that is transient is new each time', {
    meta: { holds: ['IDP-044'], source: 'SAML Core 8.3.8' },
  }, () => {
    const ids = Array.from({ length: 100 }, () => nameIdOf(biller, pat, 'transient'));
    expect(new Set(ids.map(({ nameId }) => nameId)).size).toBe(100);
    expect(ids[0]).toEqual({
      nameId: expect.stringMatching(/^_[0-9a-f]{40}$/),
      nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
      ...qualifiers,
    });
  });
});

describe('a received NameID', () => {
  const persistent = nameIdOf(biller, pat, 'persistent').nameId;
  const email = NAME_ID_FORMATS.emailAddress;

  test.each([
    ['the email address', { nameId: 'Pat@Example.com', format: email }],
    ['it in different case', { nameId: 'pat@EXAMPLE.com', format: email }],
    ['it without a format', { nameId: 'pat@example.com' }],
    ['it in the unspecified format', { nameId: 'pat@example.com', format: NAME_ID_FORMATS.unspecified }],
    ['the persistent one', { nameId: persistent, format: NAME_ID_FORMATS.persistent }],
    ['it with its qualifiers', { nameId: persistent, format: NAME_ID_FORMATS.persistent, ...qualifiers }],
  ])(
    'names the portal user by %s',
    { meta: { holds: ['IDP-026'], source: 'SAML Core 3.4.1, 8.3' } },
    (_what, subject) => {
      expect(isNameIdOf(biller, pat, subject)).toBe(true);
      expect(isNameIdOf(biller, sam, subject)).toBe(false);
    },
  );

  test.each([
    ['nothing', { nameId: '' }],
    ['white space around it', { nameId: ' pat@example.com', format: email }],
    ['the persistent one in different case', { nameId: persistent.toLowerCase(), format: NAME_ID_FORMATS.persistent }],
    ['the persistent one as an email address', { nameId: persistent, format: email }],
    ['the email address as a persistent one', { nameId: pat.email, format: NAME_ID_FORMATS.persistent }],
    ['a transient one', { nameId: nameIdOf(biller, pat, 'transient').nameId, format: NAME_ID_FORMATS.transient }],
    ['the email address as a transient one', { nameId: pat.email, format: NAME_ID_FORMATS.transient }],
    ['an unknown format', { nameId: pat.email, format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos' }],
    ['an empty format', { nameId: pat.email, format: '' }],
    [
      'another qualifier',
      { nameId: persistent, format: NAME_ID_FORMATS.persistent, nameQualifier: 'https://other.example' },
    ],
    [
      'another SP qualifier',
      { nameId: persistent, format: NAME_ID_FORMATS.persistent, spNameQualifier: 'https://other.example' },
    ],
    ['the email address, qualified', { nameId: pat.email, format: email, nameQualifier: biller.entityId }],
  ])(
    'does not name the portal user by %s',
    { meta: { holds: ['IDP-026'], source: 'SAML Core 3.4.1, 8.3' } },
    (_what, subject) => {
      expect(isNameIdOf(biller, pat, subject)).toBe(false);
    },
  );

  test('without a format may be in the biller’s format', {
    meta: { holds: ['IDP-026'], source: 'SAML Core 8.3.1' },
  }, () => {
    const settings = { ...biller.settings, nameIdFormat: 'persistent' as const };
    expect(isNameIdOf(elsewhere({ settings }), pat, { nameId: persistent })).toBe(true);
    expect(isNameIdOf(biller, pat, { nameId: persistent })).toBe(false);
    expect(isNameIdOf(elsewhere({ settings }), pat, { nameId: 'pat@example.com' })).toBe(true);
  });
});
