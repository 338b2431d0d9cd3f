import { html } from 'ghtml';
import type { Help } from '../../../../platform/http/pages/help.ts';
import { layout } from '../../../../platform/http/pages/layout.ts';

interface MoveOnPageModel {
  readonly billerName: string;
  readonly help?: Help | undefined;
  /** Where the browser goes by itself. */
  readonly href: string;
  /** What happens there, e.g. "sign in". */
  readonly to: string;
}

/**
 * The page between us and the provider. Browsers apply the form-action of a page to every redirect after its form, and
 * neither Invoice Cloud nor the account choice can name where a provider redirects to. A page of its own begins anew.
 */
export function moveOnPage({ billerName, help, href, to }: MoveOnPageModel): string {
  return layout({
    title: `Taking you to ${to}…`,
    movesTo: href,
    billerName,
    help,
    body: html`<div class="card">
<h1>Taking you to ${to}…</h1>
<p>If nothing happens, continue with this link.</p>
<a class="primary" href="${href}">Continue</a>
</div>`,
  });
}
