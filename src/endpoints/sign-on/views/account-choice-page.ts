import { html } from 'ghtml';
import { findAccountScript } from '../../../platform/http/pages/assets.ts';
import { findAccount, isLongList } from '../../../platform/http/pages/find-account.ts';
import type { Help } from '../../../platform/http/pages/help.ts';
import { hiddenInputs } from '../../../platform/http/pages/hidden-inputs.ts';
import { layout } from '../../../platform/http/pages/layout.ts';

interface AccountChoicePageModel {
  readonly billerName: string;
  readonly help?: Help | undefined;
  /** Where the form is posted: the field `account` holds the id of the chosen account, with the hidden ones. */
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  readonly accounts: readonly { readonly id: string; readonly number: string; readonly role: string }[];
  readonly email: string;
  /** Whether Invoice Cloud asked, maybe because of a link that was for one account. It does not say which. */
  readonly afterLink?: boolean | undefined;
  /** The form that signs this person out and shows the sign-in again. */
  readonly notYou: { readonly action: string; readonly hidden: Readonly<Record<string, string>> } | undefined;
}

/** Asks a portal user with several accounts which one to sign on for. */
export function accountChoicePage(model: AccountChoicePageModel): string {
  const { notYou } = model;
  const isLong = isLongList(model.accounts);
  const title = 'Which account would you like to pay for?';
  return layout({
    title,
    billerName: model.billerName,
    help: model.help,
    script: isLong ? findAccountScript.path : undefined,
    body: html`<div class="card">
<h1 id="question">${title}</h1>
!${
      model.afterLink === true
        ? '<p class="lead">If you followed a link for one account, choose that one: Invoice Cloud does not tell us which it was.</p>'
        : ''
    }
<form method="post" action="${model.action}" aria-labelledby="question">
!${hiddenInputs(model.hidden)}
!${isLong ? findAccount : ''}
<ul class="choices">!${model.accounts.map(
      (account) =>
        html`<li data-account="${account.number}"><button class="choice" name="account" value="${account.id}"><span class="what"><span class="number">${account.number}</span> <span class="role">${inWords(account.role)}</span></span></button></li>`,
    )}</ul>
</form>
<div class="who">
<p>Signed in as <strong>${model.email}</strong></p>
!${
      notYou === undefined
        ? ''
        : html`<form method="post" action="${notYou.action}">!${hiddenInputs(notYou.hidden)}<button class="quiet">Not you?</button></form>`
    }
</div>
</div>`,
  });
}

/** A role as a person reads it: "co-owner" gives "Co-owner". */
function inWords(role: string): string {
  const words = role.replaceAll('_', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
