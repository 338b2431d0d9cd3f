import { html } from 'ghtml';
import { type Destination, namedDestinations } from '../destinations.ts';
import { landingPath } from '../landing-path.ts';
import type { SignedOn } from '../saml/sign-on.ts';
import { layout } from './layout.ts';
import { panelFor } from './panels.ts';
import { receivedView } from './received-view.ts';

/**
 * A page of the payment site. In ViewMode 1 it has no header, menu or footer, to fit inside a portal.
 * @param pressed whether a button on the page was just pressed
 */
export function landingView(signedOn: SignedOn, destination: Destination, pressed: boolean): string {
  const framed = signedOn.viewMode === 1;
  return layout({
    title: `${destination.title} - ${signedOn.biller}`,
    bodyClass: framed ? 'pay framed' : 'pay',
    body: html`!${framed ? '' : headerView(signedOn, destination)}
<main class="wrap">
<div class="page-head"><div><p class="eyebrow">Account ${signedOn.account}</p><h1>${destination.title}</h1></div></div>
!${pressed ? '<p class="notice" role="status"><strong>Thank you.</strong> This is a sandbox: nothing was changed and nothing was charged.</p>' : ''}
<div class="columns">
<div class="column">!${panelFor(signedOn, destination)}</div>
<aside class="column side" aria-label="Received at sign-on">!${receivedView(signedOn, destination)}</aside>
</div>
</main>
!${framed ? '' : footerView(signedOn)}`,
  });
}

function headerView(signedOn: SignedOn, current: Destination): string {
  const links = namedDestinations.map(
    (destination) =>
      html`<a href="${landingPath(signedOn, destination)}" !${destination.slug === current.slug ? 'aria-current="page"' : ''}>${destination.title}</a>`,
  );
  return html`<header class="top"><div class="wrap">
<div class="top-row">
<p class="brand"><span class="brand-mark" aria-hidden="true">${initials(signedOn.biller)}</span><span>${signedOn.biller}</span></p>
<p class="who">Signed in as <strong>${signedOn.email}</strong></p>
</div>
<nav class="tabs" aria-label="Payment pages">!${links}</nav>
</div></header>`;
}

function footerView(signedOn: SignedOn): string {
  return html`<footer class="foot"><div class="wrap"><p>Online payments for ${signedOn.biller}.</p>
<p>All amounts, bills and cards on this page are made up.</p></div></footer>`;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const picked = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return picked
    .map((word) => (word ?? '').slice(0, 1))
    .join('')
    .toUpperCase();
}
