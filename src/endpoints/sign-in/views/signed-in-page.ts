import { html } from 'ghtml';
import { findAccountScript } from '../../../platform/http/pages/assets.ts';
import { findAccount, isLongList } from '../../../platform/http/pages/find-account.ts';
import type { Help } from '../../../platform/http/pages/help.ts';
import { hiddenInputs } from '../../../platform/http/pages/hidden-inputs.ts';
import { layout } from '../../../platform/http/pages/layout.ts';

interface Account {
  readonly number: string;
  /** Where the portal user can go with this account. Each `href` is made here. */
  readonly links: readonly { readonly label: string; readonly href: string }[];
}

interface SignedInPageModel {
  readonly billerName: string;
  readonly help?: Help | undefined;
  readonly email: string;
  readonly accounts: readonly Account[];
  readonly signOutAction: string;
  readonly hidden: Readonly<Record<string, string>>;
  /** What brought the portal user here, if it was not a sign-in. */
  readonly notice?: string | undefined;
}

// With more accounts than this, each is folded to one line.
const unfoldedAtMost = 2;

/** What a portal user sees after a sign-in for which no sign-on waits: where to go with each account, and sign-out. */
export function signedInPage(model: SignedInPageModel): string {
  const { accounts } = model;
  const show = accounts.length > unfoldedAtMost ? folded : unfolded;
  const isLong = isLongList(accounts);
  return layout({
    title: 'You’re signed in',
    billerName: model.billerName,
    help: model.help,
    script: isLong ? findAccountScript.path : undefined,
    body: html`<div class="card">
<h1>You’re signed in</h1>
<p class="lead">as <strong>${model.email}</strong></p>
!${model.notice === undefined ? '' : html`<p role="status">${model.notice}</p>`}
!${isLong ? findAccount : ''}
!${accounts.length === 0 ? html`<p>No account is linked to your sign-in. Please tell ${model.billerName}.</p>` : accounts.map(show)}
<form method="post" action="${model.signOutAction}">
!${hiddenInputs(model.hidden)}
<button class="secondary">Sign out</button>
</form>
</div>`,
  });
}

function unfolded(account: Account, index: number): string {
  const id = `account-${index + 1}`;
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">Account ${account.number}</h2>
!${links(account)}
</section>`;
}

function folded(account: Account): string {
  return html`<details class="account" data-account="${account.number}"><summary>Account ${account.number}</summary>!${links(account)}</details>`;
}

function links(account: Account): string {
  return html`<ul class="choices">!${account.links.map(
    (link) => html`<li><a class="choice" href="${link.href}">${link.label}</a></li>`,
  )}</ul>`;
}
