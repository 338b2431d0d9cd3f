import { beforeAll, expect, test } from 'vitest';
import { type BrowserLike, errorCodeOf, postedBy, requirePosted } from '../../support/browser/browser-like.ts';
import { useStage } from '../../support/stage.ts';

const stage = useStage();
let browser: BrowserLike;
beforeAll(async () => {
  const settings = { requestMaxAgeSeconds: 100, clockSkewSeconds: 20, relayStateMaxBytes: 2000 };
  await stage.addBiller('limits', { settings });
  browser = await stage.signedIn('limits');
  stage.holdClock();
});
const bring = (attributes: Record<string, string>, relayState?: string) =>
  stage.bring(browser, { attributes }, relayState, 'limits');
/** `issued`, or the code on the page. */
const outcomeOf = (page: Awaited<ReturnType<typeof bring>>) =>
  postedBy(page) === undefined ? errorCodeOf(page) : 'issued';
const since = (seconds: number) => new Date(stage.now() - seconds * 1000).toISOString();

test.each([
  [0, 'issued'],
  [120, 'issued'],
  [120.001, 'request_stale'],
  [-20, 'issued'],
  [-20.001, 'request_stale'],
])(
  'a request that is %s s old, of 100 and a skew of 20: %s',
  { meta: { holds: ['IDP-020'], source: 'SAML Core 3.2.1' } },
  async (age, outcome) => {
    expect(outcomeOf(await bring({ IssueInstant: since(age) }))).toBe(outcome);
  },
);

test('accepts an IssueInstant only in UTC, with or without fractions of a second', {
  meta: { holds: ['IDP-020'], source: 'SAML Core 1.3.3' },
}, async () => {
  const [whole] = since(1).split('.');
  for (const instant of [`${whole}Z`, `${whole}.5Z`, `${whole}.1234567Z`]) {
    expect([instant, outcomeOf(await bring({ IssueInstant: instant }))]).toEqual([instant, 'issued']);
  }
  for (const instant of [
    `${whole}`,
    `${whole}+00:00`,
    `${whole}z`,
    '0',
    'now',
    '',
    `${whole}Z `,
    '2026-02-30T00:00:00Z',
  ]) {
    const outcome = outcomeOf(await bring({ IssueInstant: instant }));
    expect([instant, outcome]).toEqual([instant, 'issue_instant_invalid']);
  }
});

test('the biller’s setting limits RelayState, in bytes', {
  meta: { holds: ['IDP-025'], source: 'SAML Bindings 3.4.3' },
}, async () => {
  for (const fits of ['x'.repeat(2000), 'é'.repeat(1000)]) {
    expect(requirePosted(await bring({}, fits)).relayState).toBe(fits);
  }
  for (const tooLong of ['x'.repeat(2001), `${'é'.repeat(1000)}x`]) {
    expect(outcomeOf(await bring({}, tooLong))).toBe('relay_state_invalid');
  }
});

test('refuses RelayState that a form can’t return unchanged', {
  meta: { holds: ['IDP-025'], source: 'SAML Bindings 3.5.3' },
}, async () => {
  for (const relayState of ['a\nb', 'a\r\nb', 'a\tb', 'a\u0000b', '\u007F', '\u0085']) {
    expect([relayState, outcomeOf(await bring({}, relayState))]).toEqual([relayState, 'relay_state_invalid']);
  }
});

test('accepts an ID of 256 characters but not 257, and letters beyond ASCII', {
  meta: { holds: ['IDP-019'], source: 'SAML Core 1.3.4' },
}, async () => {
  for (const id of [`_${'a'.repeat(255)}`, 'é.1-x_']) {
    expect(requirePosted(await bring({ ID: id })).root.attributes.get('InResponseTo')).toBe(id);
  }
  for (const id of [`_${'a'.repeat(256)}`, '', 'a:b', '-a', 'a b', ' a', 'a&amp;b']) {
    expect([id, outcomeOf(await bring({ ID: id }))]).toEqual([id, 'request_id_invalid']);
  }
});

test('never answers the same request ID again, whatever request it comes in', {
  meta: { holds: ['IDP-019'], source: 'SAML Core 1.3.4' },
}, async () => {
  requirePosted(await bring({ ID: '_once' }));
  const other = await stage.signedIn('limits');
  for (const page of [
    await bring({ ID: '_once', IssueInstant: since(3) }),
    await stage.bring(other, { attributes: { ID: '_once' } }, undefined, 'limits'),
    await other.follow(await stage.bringByPost(other, { attributes: { ID: '_once' } }, undefined, 'limits')),
  ]) {
    expect([page.statusCode, outcomeOf(page)]).toEqual([400, 'request_replayed']);
  }
  // Each biller's Service Provider has its own IDs.
  requirePosted(await stage.bring(await stage.signedIn(), { attributes: { ID: '_once' } }));
});
