import { describe, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/http/log.ts';
import { errorCodeOf } from '../support/browser/browser-like.ts';
import { authnRequest, postFields } from '../support/saml/authn-request.ts';
import { useStage } from '../support/stage.ts';

/** DEFLATE compresses these to a kilobyte; here they are POSTed, which makes no difference to what follows. */
const LONG = 240_000;
const letters = 'a'.repeat(LONG);
/** A line break, a C1 control that terminals treat as an escape sequence, and right-to-left text. */
const OBEYED = 'x\n2026-01-01 assertion.issued \u009b2J\u202e';

const large: Record<string, string> = {
  'an unbound prefix': `<${letters}:x/>`,
  'an attribute with an unbound prefix': `<x ${letters}:y="1"/>`,
  Issuer: authnRequest({ issuer: letters }),
  'an Issuer of email addresses': authnRequest({ issuer: 'someone@example.com '.repeat(12_000) }),
  ID: authnRequest({ attributes: { ID: letters } }),
  Destination: authnRequest({ attributes: { Destination: letters } }),
  Comparison: authnRequest({
    inside: `<samlp:RequestedAuthnContext Comparison="${letters}"><saml:AuthnContextClassRef>x</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`,
  }),
  'attribute names': authnRequest({ issuer: 'x', attributes: { [letters.slice(0, 60_000)]: '' } }),
  'many attributes': authnRequest({
    issuer: 'x',
    attributes: Object.fromEntries(Array.from({ length: 1_000 }, (_, number) => [`a${number}`, letters.slice(0, 40)])),
  }),
  'the name in a Subject': authnRequest({
    inside: `<saml:Subject><saml:NameID>${letters}</saml:NameID></saml:Subject>`,
  }),
  'the qualifier in a Subject': authnRequest({
    inside: `<saml:Subject><saml:NameID NameQualifier="${letters}">x</saml:NameID></saml:Subject>`,
  }),
};

const lines: string[] = [];
const stage = useStage({ logger: createLogger('info', { write: (line) => void lines.push(line) }) });

const bring = (xml: string) => stage.stranger().post('/saml/riverton/sso', postFields(xml));

/** The length in characters of a column's longest value. */
async function longest(table: string, column: string): Promise<number> {
  const text = `select coalesce(max(length(${column}::text)), 0)::int as longest from ${table}`;
  const [row] = await stage.installation.services.database.query<{ longest: number }>(
    { name: `longest-${table}`, text },
    [],
  );
  return row?.longest ?? 0;
}

describe('a message of hundreds of kilobytes stores nothing of that size', {
  meta: { holds: ['IDP-015'], source: 'project rule' },
}, () => {
  test.each(Object.keys(large))('%s', { meta: { holds: ['IDP-015'], source: 'project rule' } }, async (name) => {
    lines.length = 0;
    const { statusCode } = await bring(large[name] ?? '');
    expect(statusCode).toBeLessThan(500);
    expect(await longest('audit_events', 'details')).toBeLessThan(4_000);
    expect(await longest('sign_on_flows', 'request')).toBeLessThan(16_000);
    expect(await longest('sign_on_traces', 'trace')).toBeLessThan(64_000);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(4_000);
  });

  test('the largest accepted RelayState, ID and Subject are stored unchanged', {
    meta: { holds: ['IDP-015'], source: 'project rule' },
  }, async () => {
    const name = 'n'.repeat(1_024);
    const inside = `<saml:Subject><saml:NameID>${name}</saml:NameID></saml:Subject>`;
    expect((await bring(authnRequest({ inside }))).statusCode).toBe(303);
    expect(await longest('sign_on_flows', 'request')).toBeGreaterThan(1_024);
  });
});

describe('stored text stays on its line, and controls no terminal', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, () => {
  const hostile: Record<string, string> = {
    Issuer: authnRequest({ issuer: OBEYED }),
    Destination: authnRequest({ attributes: { Destination: OBEYED.replace('\n', '&#10;') } }),
    NameIDPolicy: authnRequest({ inside: `<samlp:NameIDPolicy Format="${OBEYED.replace('\n', '&#xA;')}"/>` }),
    'text in an outline': authnRequest({ issuer: 'x', inside: `<x y="${OBEYED}">${OBEYED}</x>` }),
  };

  test.each(Object.keys(hostile))('in %s', { meta: { holds: ['IDP-068'], source: 'project rule' } }, async (name) => {
    lines.length = 0;
    expect(errorCodeOf(await bring(hostile[name] ?? ''))).not.toBe('saml_request_malformed');
    const [event] = (await stage.installation.operate('audit.list', { limit: 1 })) as {
      reference: string;
      details: unknown;
    }[];
    const { trace } = (await stage.installation.operate('trace.show', { reference: event?.reference })) as {
      trace: { detail: string; message: string[]; checks: { found?: string }[] };
    };
    const kept = [...Object.values(event?.details ?? {}), trace.detail, ...trace.message];
    for (const { found = '' } of trace.checks) kept.push(found);
    for (const text of kept) expect(text).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(trace.message.join()).toContain('\\u{9b}2J\\u{202e}');
    // The only line break is the log's own.
    for (const line of lines) expect(line).not.toMatch(/[\u0080-\u009f\u202e]|\n./u);
  });
});

test('huge numbers of parameters are refused before they are parsed', {
  meta: { holds: ['IDP-025'], source: 'project rule' },
}, async () => {
  const many = Object.fromEntries(Array.from({ length: 201 }, (_, number) => [`p${number}`, '']));
  const browser = stage.stranger();
  expect(errorCodeOf(await browser.post('/saml/riverton/sso', many))).toBe('parameter_invalid');
  const { p0: _, p1: __, ...fewer } = many;
  const taken = await browser.post('/saml/riverton/sso', { ...postFields(authnRequest()), ...fewer });
  expect(taken.statusCode).toBe(303);
});
