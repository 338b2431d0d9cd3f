import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ErrorEntry } from '../../../src/platform/errors/catalog/entry.ts';
import { type ErrorCode, errorCatalog } from '../../../src/platform/errors/catalog.ts';
import { IdpError, InputError } from '../../../src/platform/errors/idp-error.ts';
import { STATUS_CODES } from '../../../src/protocols/saml/names.ts';

const entries = Object.entries(errorCatalog) as [ErrorCode, ErrorEntry][];

describe.each(entries)('%s', (code, entry) => {
  test('has a code that is safe anywhere, and an HTTP error status', () => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
  });

  test('has whole sentences for people, without placeholders', () => {
    expect(entry.title).toMatch(/^[A-Z].*[^.]$/);
    for (const text of [entry.sentence, entry.remedy]) {
      expect(text).toMatch(/^[A-Z].*[.]$/);
      // An unfilled placeholder, or a straight quote.
      expect(text).not.toMatch(/[{}$<>"']|undefined/);
    }
  });

  test('has a SAML status if it is reported to the Service Provider, with a top-level one first', {
    meta: { holds: ['IDP-033'], source: 'SAML Core 3.2.2.2' },
  }, () => {
    if (entry.saml === undefined) return;
    const [top, beneath] = entry.saml;
    expect(['Requester', 'Responder', 'VersionMismatch']).toContain(top);
    if (beneath !== undefined) {
      expect(Object.keys(STATUS_CODES)).toContain(beneath);
      expect(['Success', 'Requester', 'Responder', 'VersionMismatch']).not.toContain(beneath);
    }
  });
});

test('no two errors have the same title and sentence', () => {
  const texts = entries.map(([, { title, sentence }]) => title + sentence);
  expect(texts.filter((text, index) => texts.indexOf(text) < index)).toEqual([]);
});

test('each status for a refusal in the standard has its own error', {
  meta: { holds: ['IDP-033'], source: 'SAML Core 3.2.2.2' },
}, () => {
  const status = Object.fromEntries(entries.flatMap(([code, { saml }]) => (saml ? [[code, saml]] : [])));
  expect(status).toMatchObject({
    saml_version_unsupported: ['VersionMismatch'],
    name_id_policy_unsupported: ['Requester', 'InvalidNameIDPolicy'],
    authn_context_unsupported: ['Responder', 'NoAuthnContext'],
    reauthentication_impossible: ['Responder', 'AuthnFailed'],
    no_passive: ['Responder', 'NoPassive'],
    unknown_principal: ['Requester', 'UnknownPrincipal'],
    protocol_binding_unsupported: ['Requester', 'UnsupportedBinding'],
  });
});

test('errors about the issuer, the ACS and the signature are pages: nothing goes to an ACS before it is trusted', () => {
  for (const code of [
    'issuer_unknown',
    'acs_unknown',
    'signature_missing',
    'signature_invalid',
    'signature_algorithm_refused',
  ] as const) {
    expect(errorCatalog[code]).not.toHaveProperty('saml');
  }
});

test('the sentence about forbidden XML covers all cases: type, instruction, comment, depth, number', () => {
  const { sentence } = errorCatalog.saml_request_forbidden_xml;
  expect(sentence).toMatch(/document type.*instruction.*comment.*too many.*too deeply nested/);
});

test('every error in the catalog is thrown somewhere', () => {
  const source = join(import.meta.dirname, '../../../src');
  const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('catalog.ts'))
    .map((path) => readFileSync(join(source, path), 'utf8'))
    .join('\n');
  expect(entries.map(([name]) => name).filter((name) => !code.includes(`'${name}'`))).toEqual([]);
});

describe('an error', () => {
  test('takes its public text from the catalog; its detail is for the log', () => {
    const cause = new Error('below');
    const error = new IdpError('request_stale', { detail: 'made at noon', cause, retryAfter: 5 });
    expect(error).toMatchObject({
      ...errorCatalog.request_stale,
      code: 'request_stale',
      detail: 'made at noon',
      retryAfter: 5,
    });
    expect(error.message).toBe('request_stale: made at noon');
    expect(error.cause).toBe(cause);
    expect([error.title, error.sentence, error.remedy].join()).not.toContain('noon');
    expect(error.saml).toBeUndefined();
    expect('cause' in new IdpError('request_stale', { detail: 'x' })).toBe(false);
  });

  test('may have its own sentence and remedy, and carries its SAML status and the mismatch', () => {
    const mismatch = { what: 'Version', expected: '2.0', found: '1.1' };
    const error = new IdpError('saml_version_unsupported', { detail: 'x', mismatch, sentence: 'So.', remedy: 'Do.' });
    expect(error).toMatchObject({ sentence: 'So.', remedy: 'Do.', saml: ['VersionMismatch'], mismatch });
  });

  test('about input is different: a plain sentence', () => {
    expect(new InputError('Give --name.')).toMatchObject({ name: 'InputError', message: 'Give --name.' });
    expect(new InputError('x')).not.toBeInstanceOf(IdpError);
  });
});
