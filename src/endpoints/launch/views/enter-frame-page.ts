import { autoSubmitScript } from '../../../platform/http/pages/assets.ts';
import { autoSubmitForm } from '../../../platform/http/pages/auto-submit-form.ts';
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
    body: autoSubmitForm(model.action, hiddenInputs(model.hidden), ''),
  });
}
