import { html } from 'ghtml';
import { layout } from './layout.ts';

interface ErrorPageModel {
  readonly title: string;
  /** What happened. */
  readonly sentence: string;
  /** What to do now. */
  readonly remedy: string;
  /** The stable code of the error. */
  readonly code: string;
  /** Read out over the phone, so it is shown large and by itself. */
  readonly reference: string;
  readonly billerName?: string | undefined;
  /** A link that leads on. `href` is made here, never taken from a request. */
  readonly wayOut?: { readonly href: string; readonly label: string; readonly newWindow: boolean } | undefined;
}

/** The page for a person whose sign-on can't continue: what happened, what to do, a reference. */
export function errorPage(model: ErrorPageModel): string {
  const { wayOut } = model;
  return layout({
    title: model.title,
    billerName: model.billerName,
    body: html`<div class="card">
<div role="alert">
<svg class="sign" viewBox="0 0 24 24" width="40" height="40" aria-hidden="true" focusable="false"><circle cx="12" cy="12" r="10.5" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M12 6.75v6.5" stroke="currentColor" stroke-width="2" stroke-linecap="round"/><circle cx="12" cy="16.75" r="1.25" fill="currentColor"/></svg>
<h1>${model.title}</h1>
<p>${model.sentence}</p>
<p>${model.remedy}</p>
</div>
!${
      wayOut === undefined
        ? ''
        : html`<a class="primary" href="${wayOut.href}" !${wayOut.newWindow ? 'target="_blank" rel="noopener"' : ''}>${wayOut.label}!${wayOut.newWindow ? '<span class="heard"> (opens a new window)</span>' : ''}</a>`
    }
<dl class="reference">
<dt>Reference</dt>
<dd data-testid="reference">${model.reference}</dd>
</dl>
<p class="error-code">Error code <code data-testid="error-code">${model.code}</code></p>
</div>`,
  });
}
