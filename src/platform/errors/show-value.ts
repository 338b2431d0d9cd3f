import { mask, maskEmails } from '../util/mask.ts';
import { escapeControls } from './escape-controls.ts';

const MAX_SHOWN = 100;

/** @returns a text from outside as an error may repeat it: short, on one line, and without a whole email address */
export function showValue(text: string, isEmail: boolean): string {
  const short = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return escapeControls(isEmail ? mask(text) : maskEmails(short));
}
