import { html } from 'ghtml';

/**
 * A form that posts itself by autoSubmitScript, with a button where that does not work.
 *
 * @param inputs trusted HTML
 * @param otherwise what to do if the button does not help either, as a sentence with a space before it
 */
export const autoSubmitForm = (action: string, inputs: string, otherwise: string): string => html`<div class="card">
<div class="passage">
<div class="spinner" aria-hidden="true"></div>
<h1 data-when-offered="Continue to Invoice Cloud">Taking you to Invoice Cloud…</h1>
</div>
<form method="post" data-auto-submit="ready" action="${action}">!${inputs}
<noscript><p>One more step: scripts are switched off in your browser, so please choose Continue.</p>
<button class="primary">Continue</button></noscript>
<div class="late"><p id="late">If you are not taken there, choose Continue.${otherwise}</p>
<button class="primary" aria-describedby="late">Continue</button></div>
</form>
</div>`;
