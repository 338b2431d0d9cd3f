import { html } from 'ghtml';

/** With more accounts than this, a person looks for theirs by typing. */
const SHORT_LIST = 12;

export const isLongList = (accounts: readonly unknown[]): boolean => accounts.length > SHORT_LIST;

/** The field that narrows a long list; its script shows it. The rows are the elements with `data-account`. */
export const findAccount = html`<div data-find hidden>
<label for="find">Find an account</label>
<input id="find" type="search" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="found">
<p id="found" class="found" role="status"></p>
</div>`;
