import { expect } from 'vitest';
import { type BrowserLike, errorCodeOf, postedBy, referenceOf } from '../../../support/browser/browser-like.ts';
import { authnRequest } from '../../../support/saml/authn-request.ts';
import type { Stage } from '../../../support/stage.ts';

export const SSO = '/saml/riverton/sso';
/** Must not come back on a page. */
export const MARK = 'marked-by-the-test';
export const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64');
/** A request that would be accepted. */
export const good = authnRequest({ attributes: { ID: `_${MARK}` } });

export const newestEvent = async ({ installation }: Stage) =>
  ((await installation.operate('audit.list', { limit: 1 })) as unknown[])[0];

/** Expects a page with a reference that is in the audit, and no way to continue: for a stranger and a portal user. */
export async function expectRefused(
  stage: Stage,
  signedIn: BrowserLike,
  method: 'GET' | 'POST',
  sent: Record<string, string>,
  code: string,
): Promise<void> {
  for (const browser of [stage.stranger(), signedIn]) {
    const page = await (method === 'POST'
      ? browser.post(SSO, sent)
      : browser.get(`${SSO}?${new URLSearchParams(sent)}`));
    expect([page.statusCode, errorCodeOf(page)]).toEqual([400, code]);
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    expect(page.headers.location).toBeUndefined();
    expect(page.cookies).toEqual([]);
    expect(postedBy(page)).toBeUndefined();
    expect(page.body).not.toMatch(new RegExp(`<form|sp\\.example|${MARK}`));
    const reference = referenceOf(page);
    expect(reference).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
    expect(await newestEvent(stage)).toMatchObject({
      event: 'sign_on.refused',
      reference,
      biller: 'riverton',
      requestId: null,
      details: { code, answered: 'page' },
    });
  }
}
