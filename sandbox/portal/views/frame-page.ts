import { html } from 'ghtml';
import { DESTINATIONS, type Destination } from '../destinations.ts';
import type { PortalUser } from '../users.ts';
import { layout } from './layout.ts';
import { signedInAside } from './parts.ts';

interface FrameModel {
  readonly user: PortalUser;
  readonly account: string;
  readonly destination: Destination;
}

/**
 * A page of Invoice Cloud inside a page of the portal. The iframe begins at this portal, which asks for the address at that
 * moment: a ticket in the page itself would be too old when the user comes back to it.
 */
export function framePage({ user, account, destination }: FrameModel): string {
  const { title } = DESTINATIONS[destination];
  const source = `/frame/${destination}?${new URLSearchParams({ account })}`;
  return layout({
    title,
    aside: signedInAside(user),
    body: html`<nav aria-label="Breadcrumb"><a href="/">My account</a> <span aria-hidden="true">›</span> ${title}</nav>
<div class="heading"><div><p class="kicker">Account ${account}</p><h1>${title}</h1></div></div>
<iframe class="shown" src="${source}" title="${title} at Invoice Cloud"></iframe>`,
  });
}
