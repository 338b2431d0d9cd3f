import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/http/log.ts';
import { parseXml } from '../../src/protocols/saml/reading/xml.ts';
import { errorCodeOf, postedBy, referenceOf } from '../support/browser/browser-like.ts';
import { TEST_ACS } from '../support/installation.ts';
import { authnRequest, redirectQuery, signedMessage, signedQuery } from '../support/saml/authn-request.ts';
import { makeSigningKey } from '../support/saml/saml.ts';
import { useStage } from '../support/stage.ts';
import { changed, HOSTILE, parameters, requestAttributes, requestElements, textChange } from './mutations.ts';

/** Use FUZZ_RUNS=100000 for the long run. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 2_000);
/** A response that takes longer than this counts as a hang. */
const DEADLINE_MS = 20_000;
const HEAP_BYTES = 24 * 2 ** 20;

let longestLine = 0;
const count = (line: string) => {
  longestLine = Math.max(longestLine, line.length);
};
const users = { 'pat@example.com': ['101Invoice', '202Invoice'], 'one@example.com': ['303Invoice'] };
const key = await makeSigningKey('RSA-2048');
const stage = useStage({
  logger: createLogger('info', { write: count }),
  billerInput: { keyType: 'EC-P256', settings: { unsolicited: true }, spCertificates: [key.certificatePem] },
  users,
});
/** Cookies of an anonymous browser, and of the signed-in portal users. */
const cookies: Record<string, string>[] = [{}];

beforeAll(async () => {
  for (const email of Object.keys(users)) {
    const browser = await stage.signedIn('riverton', email);
    cookies.push(Object.fromEntries(browser.cookies));
  }
});

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });

/** One request to the SSO Service: a message, mutated, encoded, mutated again, among other parameters. */
const attempt = fc.record({
  attributes: requestAttributes,
  inside: requestElements,
  signed: fc.constantFrom('no', 'no', 'inside', 'beside'),
  changes: fc.array(textChange, { maxLength: 3 }),
  encodedChanges: fc.array(textChange, { maxLength: 1 }),
  relayState: maybe(fc.constantFrom(...HOSTILE)),
  more: parameters,
  byPost: fc.boolean(),
  who: fc.nat(2),
  headers: fc.dictionary(
    fc.constantFrom('sec-fetch-dest', 'sec-fetch-site', 'origin', 'referer', 'accept', 'x-forwarded-for', 'user-agent'),
    fc.constantFrom(
      'iframe',
      'cross-site',
      'null',
      'https://evil.example',
      'application/json',
      '\u009b',
      'x'.repeat(500),
    ),
    { maxKeys: 2 },
  ),
});
type Attempt = typeof attempt extends fc.Arbitrary<infer Value> ? Value : never;

const encoded = ([name, value]: readonly [string, string]) =>
  `${name.startsWith('%') ? name : encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed())}`;

/** What is not XML can't be signed. */
function isXml(text: string): boolean {
  try {
    return parseXml(text).name === 'AuthnRequest';
  } catch {
    return false;
  }
}

function toRequest({
  attributes,
  inside,
  signed,
  changes,
  encodedChanges,
  relayState,
  more,
  byPost,
  ...rest
}: Attempt) {
  const written = { Destination: 'https://idp.example/saml/riverton/sso', ...attributes };
  const plain = authnRequest({ attributes: signed === 'no' ? attributes : written, inside: inside.join('') });
  const message = changes.reduce(changed, signed === 'inside' && isXml(plain) ? signedMessage(plain, key) : plain);
  const relay = relayState?.toWellFormed();
  let fields = byPost
    ? [
        ['SAMLRequest', Buffer.from(message).toString('base64')] as const,
        ...(relay === undefined ? [] : [['RelayState', relay] as const]),
      ]
        .map(encoded)
        .join('&')
    : redirectQuery(message, relay);
  if (!byPost && signed === 'beside') {
    fields = signedQuery(fields, key);
  }
  const query = [encodedChanges.reduce(changed, fields), ...more.map(encoded)].join('&');
  const headers: Record<string, string> = { ...rest.headers };
  const common = { headers, cookies: cookies[rest.who] ?? {} };
  if (!byPost) return { ...common, method: 'GET', url: `/saml/riverton/sso?${query.replace(/[^!-~]/g, '')}` } as const;
  headers['content-type'] = 'application/x-www-form-urlencoded';
  return { ...common, method: 'POST', url: '/saml/riverton/sso', payload: query } as const;
}

/** @throws if there is no response */
async function answerTo(request: InjectOptions): Promise<LightMyRequestResponse> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([stage.installation.server.inject(request), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @returns the outcome of a request, in a word */
function outcomeOf(answer: LightMyRequestResponse): string {
  const { statusCode, headers } = answer;
  expect(statusCode).toBeLessThan(500);
  expect(JSON.stringify(headers)).not.toContain('evil.example');
  if (statusCode === 303) {
    expect(headers.location).toMatch(
      /^\/((login\/riverton|saml\/riverton\/sso)\?flow=[\w-]{16}(&again=1)?|login\/riverton\?notice=(over|answered))$/,
    );
    return '303';
  }
  if (statusCode === 200) {
    expect(answer.body).not.toContain('<script>');
    const posted = postedBy(answer);
    if (posted === undefined) return 'account choice';
    expect(posted.acs).toBe(TEST_ACS);
    return posted.xml.includes('<saml:Assertion') ? 'assertion' : 'error Response';
  }
  // Every refusal has a reference that can be read out over the phone.
  if (String(headers['content-type']).startsWith('application/problem+json')) {
    const problem = answer.json<{ code: string; reference: string }>();
    expect(problem.reference).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
    return problem.code;
  }
  expect(referenceOf(answer)).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
  expect(answer.body).not.toContain('<script>');
  return errorCodeOf(answer) ?? `${statusCode} without a code`;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

async function countOf(table: string): Promise<number> {
  const statement = { name: `count-${table}`, text: `select count(*)::int as count from ${table}` };
  return (await stage.installation.services.database.query<{ count: number }>(statement, []))[0]?.count ?? 0;
}

test(`${RUNS} mutated requests: no 5xx, no hang, no foreign URL, and nothing accumulates`, {
  timeout: 120_000 + RUNS * 20,
  meta: { holds: ['IDP-100'], source: 'project rule' },
}, async () => {
  const outcomes = new Map<string, number>();
  let done = 0;
  let heap = 0;
  const began = Date.now();
  await fc.assert(
    fc.asyncProperty(attempt, async (one) => {
      const outcome = outcomeOf(await answerTo(toRequest(one)));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      done += 1;
      if (done === Math.floor(RUNS / 2)) heap = heapInUse();
    }),
    { seed: 100, numRuns: RUNS },
  );
  // The mutations reach deep: some requests get an assertion, and many rules are broken.
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['303', 'assertion', 'error Response']));
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['signature_invalid', 'framed', 'parameter_invalid']));
  expect(outcomes.size).toBeGreaterThan(15);
  // The first half of the run warms everything up; the second half leaves nothing in memory, ...
  expect(heapInUse() - heap).toBeLessThan(HEAP_BYTES);
  // ... an audit row for each refusal at most, a limited number of traces, and flows for pending sign-ons.
  const minutes = Math.floor(Date.now() / 60_000) - Math.floor(began / 60_000) + 1;
  expect(await countOf('sign_on_traces')).toBeLessThanOrEqual(minutes * (120 + 120 + 60));
  expect(await countOf('sign_on_flows')).toBeLessThanOrEqual((outcomes.get('303') ?? 0) + 1);
  expect(await countOf('audit_events')).toBeLessThan(done + 100);
  expect(longestLine).toBeLessThan(6_000);
});

const MALFORMED = deflateRawSync('<x/>').toString('base64');
test('hostile text in every parameter of every form and link: no 5xx, and none of it in a header', {
  meta: { holds: ['IDP-100'], source: 'project rule' },
}, async () => {
  const routes: [string, string, string[]][] = [
    ['GET', '/saml/riverton/sso', ['flow', 'SAMLRequest', 'RelayState', 'SAMLEncoding', 'SigAlg']],
    ['POST', '/saml/riverton/sso', ['flow', 'account', 'SAMLRequest', 'RelayState']],
    ['GET', '/saml/riverton/metadata', ['one-time']],
    ['GET', '/login/riverton', ['flow', 'destination', 'account', 'viewMode', 'again']],
    ['POST', '/login/riverton', ['flow', 'destination', 'account', 'viewMode', 'email', 'password']],
    ['GET', '/launch/riverton/bills', ['account', 'viewMode']],
    ['POST', '/logout', ['biller', 'flow']],
  ];
  for (const [method, path, names] of routes) {
    for (const name of names) {
      for (const hostile of [...HOSTILE, MALFORMED, 'riverton']) {
        const text = `${new URLSearchParams({ [name]: hostile.toWellFormed() })}`;
        const post = { url: path, payload: text, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
        const jar = method === 'POST' && path === '/logout' ? {} : cookies[1];
        const answer = await answerTo({
          method: method as 'GET' | 'POST',
          ...(method === 'GET' ? { url: `${path}?${text}` } : post),
          cookies: jar ?? {},
        });
        expect([method, path, name, hostile, answer.statusCode < 500]).toContain(true);
        const { location = '/' } = answer.headers;
        expect(String(location)).toMatch(
          /^(\/(login|launch|saml)\/riverton[/?]?|\/$|https:\/\/sso\.invoicecloud\.com\/saml\/)/,
        );
        expect(Object.keys(answer.headers)).not.toContain('a');
        expect(answer.body).not.toContain('<script>');
      }
    }
  }
});
