import { html } from 'ghtml';
import type { PortalUser } from '../users.ts';

/** The right side of the header, for somebody who is signed in. */
export const signedInAside = ({ name }: PortalUser): string => html`<div class="person">
<span class="name">${name}</span>
<form method="post" action="/sign-out"><button class="plain">Sign out</button></form>
</div>`;

/** @param path of an icon of 24 by 24 */
export const icon = (path: string): string =>
  html`<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false"><path d="${path}" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
