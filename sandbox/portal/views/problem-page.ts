import { html } from 'ghtml';
import { layout } from './layout.ts';

interface ProblemModel {
  /** What was asked for. */
  readonly title: string;
  readonly isPassing: boolean;
  /** Finds the call at the Identity Provider. */
  readonly reference?: string | undefined;
  /** Tries the same once more. */
  readonly again?: string | undefined;
  /** Whether it is inside an iframe of the portal, whose page has header and footer. */
  readonly framed?: boolean;
}

/** What is inside the iframe when the session at the portal has ended meanwhile. */
export function signInAgainPage(): string {
  return layout({
    title: 'Sign in again',
    bare: true,
    body: html`<div class="card problem">
<h1>You were signed out.</h1>
<p>That happens after a while, to keep your account safe.</p>
<a class="button" href="/" target="_top">Sign in again</a>
</div>`,
  });
}

/** What a user sees at an address that leads nowhere. */
export function nowherePage(): string {
  return layout({
    title: 'Page not found',
    body: html`<div class="card problem">
<h1>There is no such page.</h1>
<p>The link may be old, or mistyped.</p>
<a class="button" href="/" target="_top">To my account</a>
</div>`,
  });
}

/** What a user sees when something does not work. Why is in the portal's log: none of it is theirs to understand. */
export function problemPage({ title, isPassing, reference, again, framed = false }: ProblemModel): string {
  return layout({
    title: 'Not available right now',
    bare: framed,
    body: html`<div class="card problem">
<h1>${title} can’t be shown right now.</h1>
<p>${
      isPassing
        ? 'Nothing was lost. Please try again in a minute.'
        : 'Please call us at (555) 010-0100, Monday to Friday, 8 to 5. Your account is fine.'
    }</p>
!${again === undefined || !isPassing ? '' : html`<a class="button" href="${again}">Try again</a>`}
<a class="plain" href="/" target="_top">Back to my account</a>
!${reference === undefined ? '' : html`<p class="note">If you call: reference <strong>${reference}</strong></p>`}
</div>`,
  });
}
