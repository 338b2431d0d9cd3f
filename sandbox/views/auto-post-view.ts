import { html } from 'ghtml';
import { layout } from './layout.ts';

/**
 * A page that submits its fields to the Identity Provider automatically, with a button for browsers without scripts.
 */
export function autoPostView(billerName: string, action: string, fields: Readonly<Record<string, string>>): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return layout({
    title: 'Signing you in',
    head: '<script src="/assets/auto-post.js" defer></script>',
    body: html`<main class="wrap narrow">
<section class="card centered">
<span class="spinner" aria-hidden="true"></span>
<h1>Signing you in</h1>
<p class="muted">One moment: checking with ${billerName} who you are.</p>
<form method="post" action="${action}">!${inputs}<button class="button" type="submit">Continue</button></form>
</section>
</main>`,
  });
}
