import { html } from 'ghtml';
import type { Help } from '../../../platform/http/pages/help.ts';
import { hiddenInputs } from '../../../platform/http/pages/hidden-inputs.ts';
import { layout } from '../../../platform/http/pages/layout.ts';

interface ConfirmLaunchPageModel {
  readonly billerName: string;
  readonly help: Help;
  readonly email: string;
  readonly account: string;
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  /** The portal, for somebody who is not that person. */
  readonly back: string | undefined;
}

/** Asks whether to go on as the portal user of a launch, because it is not known who sent the browser here. */
export function confirmLaunchPage(model: ConfirmLaunchPageModel): string {
  return layout({
    title: 'Is this you?',
    billerName: model.billerName,
    help: model.help,
    body: html`<div class="card">
<h1>Is this you?</h1>
<p>You are about to go on to Invoice Cloud as <strong>${model.email}</strong>, for account <strong>${model.account}</strong>.
If somebody else sent you this link, don’t go on.</p>
<form method="post" action="${model.action}">
!${hiddenInputs(model.hidden)}
<button class="primary">Yes, go on</button>
</form>
!${model.back === undefined ? '' : html`<a class="secondary" href="${model.back}">No, back to ${model.billerName}</a>`}
</div>`,
  });
}
