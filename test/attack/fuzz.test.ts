import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signOnFlows } from '../../src/database/schema.ts';
import { authnRequest, postFields, redirectQuery } from '../support/authn-request.ts';
import { createBrowserLike, errorCodeOf, postedBy, referenceOf } from '../support/browser-like.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';

/** FUZZ_RUNS=100000 is the long run. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 2_000);
const SLOW_MS = 5_000;

let installation: TestInstallation;
beforeAll(async () => {
  installation = await startInstallation();
  await installation.addBiller('riverton', { keyType: 'EC-P256' });
});
afterAll(() => installation.close());

const HOSTILE = [
  ...[
    '',
    '\u0000',
    '\uFFFF',
    '\uD800',
    '😀',
    '"',
    "'",
    '<',
    '>',
    '&',
    '&amp;',
    '&x;',
    '&#0;',
    ']]>',
    '<![CDATA[',
    '-->',
    '<!--',
  ],
  ...[
    '<!DOCTYPE x [<!ENTITY y "z">]>',
    '<?x?>',
    'xmlns=""',
    'xmlns:samlp="urn:x"',
    'ID="_2"',
    '%00',
    '%zz',
    '../',
    'javascript:alert(1)',
  ],
  ...[
    '<saml:Issuer>x</saml:Issuer>',
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>',
    '<a>'.repeat(60),
    'A'.repeat(5_000),
  ],
];

/** A change to a message: something is cut out, put in, repeated, or flipped. */
const change = fc.oneof(
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    what: fc.constantFrom(...HOSTILE),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(80) }),
  fc.record({
    kind: fc.constant('repeat' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(80),
  }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), bit: fc.nat(6) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(text: string, one: Change): string {
  const at = Math.floor(one.at * text.length);
  if (one.kind === 'insert') return text.slice(0, at) + one.what + text.slice(at);
  if (one.kind === 'cut') return text.slice(0, at) + text.slice(at + one.length);
  if (one.kind === 'repeat') return text.slice(0, at) + text.slice(at, at + one.length) + text.slice(at);
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << one.bit)) + text.slice(at + 1);
}

const request = fc.record({
  attributes: fc.dictionary(
    fc.constantFrom(
      'ID',
      'Version',
      'IssueInstant',
      'Destination',
      'ForceAuthn',
      'IsPassive',
      'ProtocolBinding',
      'AssertionConsumerServiceURL',
      'AssertionConsumerServiceIndex',
    ),
    fc.oneof(
      fc.constantFrom(...HOSTILE, '2.0', 'true', '1', '0', 'https://sp.example/acs'),
      fc.string({ maxLength: 20 }),
    ),
    { maxKeys: 3 },
  ),
  changes: fc.array(change, { maxLength: 3 }),
  encoded: fc.array(change, { maxLength: 1 }),
  relayState: fc.option(fc.constantFrom(...HOSTILE), { nil: undefined }),
  byPost: fc.boolean(),
});

test(
  '100 mutated requests: no 5xx, no hang, nothing posted to a stranger, and nothing piles up (project rule)',
  async () => {
    const outcomes = new Map<string, number>();
    let memory = 0;
    let done = 0;
    await fc.assert(
      fc.asyncProperty(request, async ({ attributes, changes, encoded, relayState, byPost }) => {
        const message = changes.reduce(apply, authnRequest({ attributes }));
        const browser = createBrowserLike(installation.server);
        const path = '/saml/riverton/sso';
        const began = performance.now();
        const answer = byPost
          ? await browser.post(path, postFields(encoded.reduce(apply, message), relayState?.toWellFormed()))
          : await browser.get(
              `${path}?${encoded.reduce(apply, redirectQuery(message, relayState?.toWellFormed())).replaceAll(/[^!-~]/g, '')}`,
            );
        expect(performance.now() - began).toBeLessThan(SLOW_MS);
        expect(answer.statusCode).toBeLessThan(500);
        const posted = postedBy(answer);
        if (posted !== undefined) expect(posted.acs).toBe('https://sp.example/acs');
        const code = errorCodeOf(answer);
        if (answer.statusCode >= 400) expect([code, referenceOf(answer)]).not.toContain(undefined);
        const outcome = posted === undefined ? (code ?? `${answer.statusCode}`) : 'error Response';
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        done += 1;
        if (done === Math.floor(RUNS / 2)) memory = process.memoryUsage().rss;
      }),
      { seed: 100, numRuns: RUNS },
    );
    console.log(`fuzz: ${RUNS} requests: ${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`);
    // The mutations reach deep: some are accepted, and many rules are broken.
    expect(outcomes.size).toBeGreaterThan(8);
    expect(outcomes.get('303')).toBeGreaterThan(0);
    // Half of the run has warmed everything up; the other half leaves the process as large as it was, give or take.
    expect(process.memoryUsage().rss - memory).toBeLessThan(200 * 2 ** 20);
    const flows = await installation.services.database.orm.select().from(signOnFlows);
    expect(flows.length).toBe(outcomes.get('303'));
  },
  60_000 + RUNS * 20,
);
