import { html } from 'ghtml';
import { layout } from './layout.ts';

interface SignInModel {
  readonly email?: string;
  readonly hasFailed?: boolean;
}

/** The portal's own sign-in. A real portal has its own, or an identity provider. */
export function signInPage({ email = '', hasFailed = false }: SignInModel = {}): string {
  return layout({
    title: hasFailed ? 'Error: Sign in' : 'Sign in',
    body: html`<div class="welcome">
<div>
<p class="kicker">My Riverton account</p>
<h1>Your water, your bills, in one place.</h1>
<ul class="ticks">
<li>See what you used, month by month</li>
<li>Pay a bill in a minute, or let AutoPay do it</li>
<li>Go paperless</li>
</ul>
</div>
<form class="card sign-in" method="post" action="/sign-in">
<h2>Sign in</h2>
!${hasFailed ? '<p class="alert" role="alert" id="failed">The email address or the password is not right. Please try again.</p>' : ''}
<label for="email">Email address</label>
<input id="email" name="email" type="email" autocomplete="username" required value="${email}" !${hasFailed ? 'aria-describedby="failed"' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required !${hasFailed ? 'aria-describedby="failed"' : ''}>
<button class="button">Sign in</button>
</form>
</div>`,
  });
}
