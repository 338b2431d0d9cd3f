import { html } from 'ghtml';
import { autoSubmitScript } from '../../../platform/http/pages/assets.ts';
import type { Help } from '../../../platform/http/pages/help.ts';
import { hiddenInputs } from '../../../platform/http/pages/hidden-inputs.ts';
import { layout } from '../../../platform/http/pages/layout.ts';

interface EnterFramePageModel {
  readonly billerName: string;
  readonly help: Help;
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
}

/** The first page of a launch inside a frame. It posts itself: only a frame of the portal shows it, and so goes on. */
export function enterFramePage(model: EnterFramePageModel): string {
  return layout({
    title: 'Taking you to Invoice Cloud…',
    billerName: model.billerName,
    help: model.help,
    script: autoSubmitScript.path,
    body: html`<div class="card">
<div class="passage">
<div class="spinner" aria-hidden="true"></div>
<h1 data-when-offered="Continue to Invoice Cloud">Taking you to Invoice Cloud…</h1>
</div>
<form method="post" data-auto-submit="ready" action="${model.action}">
!${hiddenInputs(model.hidden)}
<noscript><p>One more step: scripts are switched off in your browser, so please choose Continue.</p>
<button class="primary">Continue</button></noscript>
<div class="late"><p id="late">If you are not taken there, choose Continue.</p>
<button class="primary" aria-describedby="late">Continue</button></div>
</form>
</div>`,
  });
}
