import { html } from 'ghtml';
import type { Refusal, RefusalCode } from '../refusal.ts';
import { layout } from './layout.ts';

const titles: Readonly<Partial<Record<RefusalCode, string>>> = {
  'bad-link': 'This link can’t be used',
  'unknown-biller': 'Unknown biller',
  'unknown-page': 'Page not found',
  'not-signed-in': 'You are not signed in',
  'identity-provider-error': 'The Identity Provider reported an error',
  'account-mismatch': 'This is not your account',
  internal: 'Something went wrong',
};

/** The page for a refusal: what happened, why, and what to do. */
export function refusalView(refusal: Refusal): string {
  const title = titles[refusal.code] ?? (refusal.status === 403 ? 'The sign-on was refused' : 'That did not work');
  return layout({
    title,
    body: html`<main class="wrap narrow">
<section class="card refusal">
<span class="refusal-mark" aria-hidden="true">!</span>
<h1>${title}</h1>
<p class="reason" data-testid="refusal">${refusal.message}</p>
<p class="muted">${refusal.hint}</p>
<p class="code-line">Error <code>${refusal.code}</code></p>
</section>
</main>`,
  });
}
