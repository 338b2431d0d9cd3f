import { html } from 'ghtml';
import type { Help } from './help.ts';
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
  readonly help?: Help | undefined;
  /** A link that leads on. `href` is made here, never taken from a request. */
  readonly wayOut?: WayOut | undefined;
}

interface WayOut {
  readonly href: string;
  readonly label: string;
  readonly newWindow: boolean;
  /** Whether it leads out of a frame, in the same window. */
  readonly wholeWindow?: boolean;
}

function targetOf({ newWindow, wholeWindow }: WayOut): string {
  if (newWindow) return 'target="_blank" rel="noopener"';
  return wholeWindow === true ? 'target="_top"' : '';
}

const alarmSign =
  '<svg class="sign" viewBox="0 0 24 24" width="40" height="40" aria-hidden="true" focusable="false"><circle cx="12" cy="12" r="10.5" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M12 6.75v6.5" stroke="currentColor" stroke-width="2" stroke-linecap="round"/><circle cx="12" cy="16.75" r="1.25" fill="currentColor"/></svg>';
/** A window, and an arrow out of it. */
const windowSign =
  '<svg class="sign calm" viewBox="0 0 24 24" width="40" height="40" aria-hidden="true" focusable="false"><path d="M13 5H5.5A1.5 1.5 0 0 0 4 6.5v12A1.5 1.5 0 0 0 5.5 20h12a1.5 1.5 0 0 0 1.5-1.5V11M15.5 4H20v4.5M20 4l-8 8" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/></svg>';

/** The page for a person whose sign-on can't continue: what happened, what to do, a reference. */
export function errorPage(model: ErrorPageModel): string {
  const { wayOut } = model;
  // A step that opens a window of its own is no failure.
  const isOnTheWay = wayOut?.newWindow === true;
  return layout({
    title: model.title,
    billerName: model.billerName,
    help: model.help,
    body: html`<div class="card">
<div !${isOnTheWay ? '' : 'role="alert"'}>
!${isOnTheWay ? windowSign : alarmSign}
<h1>${model.title}</h1>
<p>${model.sentence}</p>
<p>${model.remedy}</p>
</div>
!${
      wayOut === undefined
        ? ''
        : html`<a class="primary" href="${wayOut.href}" !${targetOf(wayOut)}>${wayOut.label}!${wayOut.newWindow ? '<span class="heard"> (opens a new window)</span>' : ''}</a>`
    }
!${isOnTheWay ? quietReference(model) : reference(model)}
</div>`,
  });
}

const reference = (model: ErrorPageModel) => html`<dl class="reference">
<dt>Reference</dt>
<dd data-testid="reference">${model.reference}</dd>
</dl>
<p class="error-code">Error code <code data-testid="error-code">${model.code}</code></p>`;

const quietReference = (model: ErrorPageModel) =>
  html`<p class="error-code">If you need help: reference <span data-testid="reference">${model.reference}</span>, code <code data-testid="error-code">${model.code}</code></p>`;
