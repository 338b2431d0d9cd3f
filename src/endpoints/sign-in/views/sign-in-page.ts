import { html } from 'ghtml';
import { showPasswordScript } from '../../../platform/http/pages/assets.ts';
import { type Help, saysHowToReach } from '../../../platform/http/pages/help.ts';
import { hiddenInputs } from '../../../platform/http/pages/hidden-inputs.ts';
import { layout } from '../../../platform/http/pages/layout.ts';

interface SignInPageModel {
  readonly billerName: string;
  readonly help?: Help | undefined;
  /** Where the form is posted: fields `email` and `password`, and the hidden ones. */
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  /** What the person typed before, or empty. */
  readonly email: string;
  /** Whether this person has just set a new password. */
  readonly hasNewPassword?: boolean;
  /** The portal, for somebody whom it vouches for: they have no password here. */
  readonly portalHref?: string | undefined;
  readonly error?: { readonly title: string; readonly sentence: string } | undefined;
}

/** The sign-in form of the embedded directory. An error does not reveal which of the two fields was wrong. */
export function signInPage(model: SignInPageModel): string {
  const { error } = model;
  const description = error === undefined ? 'why' : 'sign-in-error';
  // The email field is text, not type=email: browsers refuse or rewrite addresses with letters outside ASCII there.
  return layout({
    title: error === undefined ? 'Sign in' : 'Error: Sign in',
    billerName: model.billerName,
    help: model.help,
    script: showPasswordScript.path,
    body: html`<div class="card">
<h1>Sign in</h1>
<p class="lead" id="why">Sign in to pay your bill on Invoice Cloud.</p>
!${model.hasNewPassword === true ? html`<p class="notice" role="status">Your new password is saved. Sign in with it now.</p>` : ''}
!${
      error === undefined
        ? ''
        : html`<div class="alert" role="alert" id="sign-in-error"><strong>${error.title}</strong><p>${error.sentence}</p></div>`
    }
<form method="post" action="${model.action}">
!${hiddenInputs(model.hidden)}
<label for="email">Email address</label>
<input id="email" name="email" type="text" inputmode="email" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${model.email}" aria-describedby="${description}" !${model.email === '' ? 'autofocus' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" autocapitalize="none" spellcheck="false" required aria-describedby="${description}" !${model.email === '' ? '' : 'autofocus'}>
<button class="quiet" type="button" data-show-password aria-pressed="false" hidden>Show password</button>
<button class="primary">Sign in</button>
</form>
<p class="hint">Forgot your password? Ask ${model.billerName} for a link to choose a new one.${saysHowToReach(model.help) ? ' Below is how to reach them.' : ''}</p>
!${
      model.portalHref === undefined
        ? ''
        : html`<p class="hint">No password here? Open the page again from the ${model.billerName} website.</p>
<a class="secondary" href="${model.portalHref}">Back to ${model.billerName}</a>`
    }
</div>`,
  });
}
