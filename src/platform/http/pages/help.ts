import { html } from 'ghtml';

/** Where portal users get help, and the privacy notice; null for what the biller has not given. Checked when it was. */
export interface Help {
  readonly contactUrl: string | null;
  readonly contactEmail: string | null;
  readonly contactPhone: string | null;
  readonly privacyUrl: string | null;
}

// A window of its own: a sign-on that waits on this page goes on, and a site that refuses frames can be read.
const page = (href: string, words: string) =>
  html`<a href="${href}" target="_blank" rel="noopener noreferrer">${words}<span class="heard"> (opens a new window)</span></a>`;

/** RFC 3966: digits, with a plus for the country. */
const telephone = (number: string) => `tel:${number.startsWith('+') ? '+' : ''}${number.replaceAll(/\D/g, '')}`;

/** @returns whether the pages say how to reach the biller */
export const saysHowToReach = (help: Help | undefined): boolean =>
  help !== undefined && [help.contactUrl, help.contactEmail, help.contactPhone].some((one) => one !== null);

/** The links at the foot of every page; nothing without any. */
export function helpLinks(help: Help | undefined, billerName: string | undefined): string {
  if (help === undefined) return '';
  const { contactUrl, contactEmail, contactPhone, privacyUrl } = help;
  const links = [
    contactUrl === null ? '' : page(contactUrl, `Contact ${billerName ?? 'us'}`),
    contactEmail === null ? '' : html`<a href="mailto:${contactEmail}">${contactEmail}</a>`,
    contactPhone === null ? '' : html`<a href="${telephone(contactPhone)}">${contactPhone}</a>`,
    privacyUrl === null ? '' : page(privacyUrl, 'Privacy'),
  ].filter((link) => link !== '');
  if (links.length === 0) return '';
  return html`<nav class="help" aria-label="Help and privacy"><ul>!${links.map((link) => html`<li>!${link}</li>`)}</ul></nav>`;
}
