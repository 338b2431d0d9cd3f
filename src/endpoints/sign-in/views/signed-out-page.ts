import { html } from 'ghtml';
import type { Help } from '../../../platform/http/pages/help.ts';
import { layout } from '../../../platform/http/pages/layout.ts';

interface SignedOutPageModel {
  readonly billerName?: string | undefined;
  readonly help?: Help | undefined;
  readonly signInHref?: string | undefined;
  readonly portalHref?: string | undefined;
}

/** What a portal user sees after a sign-out. */
export function signedOutPage(model: SignedOutPageModel): string {
  return layout({
    title: 'You’re signed out',
    billerName: model.billerName,
    help: model.help,
    body: html`<div class="card">
<h1>You’re signed out</h1>
<p>If you opened Invoice Cloud, you may still be signed in there: sign out there too. On a shared computer, close every window
of the browser.</p>
!${model.portalHref === undefined ? '' : html`<a class="primary" href="${model.portalHref}">Back to ${model.billerName ?? 'the portal'}</a>`}
!${model.signInHref === undefined ? '' : html`<a class="secondary" href="${model.signInHref}">Sign in again</a>`}
</div>`,
  });
}
