import { html } from 'ghtml';
import { PASSWORD_CHARACTERS } from '../../../core/portal-users/password.ts';
import { showPasswordScript } from '../../../platform/http/pages/assets.ts';
import type { Help } from '../../../platform/http/pages/help.ts';
import { hiddenInputs } from '../../../platform/http/pages/hidden-inputs.ts';
import { layout } from '../../../platform/http/pages/layout.ts';

interface SetPasswordPageModel {
  readonly billerName: string;
  readonly help?: Help | undefined;
  /** Where the form is posted: the field `password`, and the hidden ones. */
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  readonly email: string;
  readonly error?: { readonly title: string; readonly sentence: string } | undefined;
}

/** The form behind a one-time link: a new password for the sign-in. */
export function setPasswordPage(model: SetPasswordPageModel): string {
  const { error } = model;
  const title = 'Choose a new password';
  const described = error === undefined ? 'rule' : 'password-error rule';
  // The hidden field is for password managers, which otherwise don't know whose password they save.
  return layout({
    title: error === undefined ? title : `Error: ${title}`,
    billerName: model.billerName,
    help: model.help,
    script: showPasswordScript.path,
    body: html`<div class="card">
<h1>${title}</h1>
<p class="lead">for signing in as <strong>${model.email}</strong></p>
!${
      error === undefined
        ? ''
        : html`<div class="alert" role="alert" id="password-error"><strong>${error.title}</strong><p>${error.sentence}</p></div>`
    }
<form method="post" action="${model.action}">
!${hiddenInputs(model.hidden)}
<input type="text" autocomplete="username" value="${model.email}" readonly hidden>
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" autocapitalize="none" spellcheck="false" required minlength="${PASSWORD_CHARACTERS.least}" aria-describedby="${described}" !${error === undefined ? '' : 'aria-invalid="true"'} autofocus>
<p class="hint" id="rule">At least ${PASSWORD_CHARACTERS.least} characters. Any characters will do, and so will spaces.</p>
<button class="quiet" type="button" data-show-password aria-pressed="false" hidden>Show password</button>
<button class="primary">Save password</button>
</form>
<p class="hint">You will be signed out everywhere else, and sign in here with the new password.</p>
</div>`,
  });
}
