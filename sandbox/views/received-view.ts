import { html } from 'ghtml';
import type { Destination } from '../destinations.ts';
import type { SignedOn } from '../saml/sign-on.ts';
import { moment } from './format.ts';

/** What the assertion and the link contained, for people who test a sign-on. The test IDs are stable. */
export function receivedView(signedOn: SignedOn, destination: Destination): string {
  const claims = Object.entries(signedOn.claims).map(
    ([name, value]) => html`<div><dt>Claim ${name}</dt><dd class="mono">${value}</dd></div>`,
  );
  return html`<section class="card received">
<h2>Received at sign-on</h2>
<dl class="facts stacked">
<div><dt>Account</dt><dd><span data-testid="account">${signedOn.account}</span></dd></div>
<div><dt>Email</dt><dd><span data-testid="email">${signedOn.email}</span></dd></div>
<div><dt>LoginType</dt><dd><span data-testid="login-type">${signedOn.loginType}</span> <span class="muted">${signedOn.loginTypeMeaning ?? 'no meaning given'}</span></dd></div>
<div><dt>Page</dt><dd><span data-testid="destination">${destination.slug}</span> <span class="muted">DeepLinkID ${destination.deepLinkId}</span></dd></div>
<div><dt>ViewMode</dt><dd><span data-testid="view-mode">${signedOn.viewMode}</span> <span class="muted">${signedOn.viewMode === 1 ? 'inside an iframe' : 'full page'}</span></dd></div>
<div><dt>NameID</dt><dd><span data-testid="name-id">${signedOn.nameId}</span></dd></div>
</dl>
<details><summary>Assertion details</summary>
<dl class="facts stacked small">
<div><dt>Assertion ID</dt><dd class="mono" data-testid="assertion-id">${signedOn.assertionId}</dd></div>
<div><dt>InResponseTo</dt><dd class="mono" data-testid="in-response-to">${signedOn.inResponseTo}</dd></div>
<div><dt>Issuer</dt><dd class="mono">${signedOn.issuer}</dd></div>
<div><dt>NameID format</dt><dd class="mono">${signedOn.nameIdFormat}</dd></div>
<div><dt>Signed in at the portal</dt><dd>${moment(signedOn.authnInstant)}</dd></div>
!${claims}
</dl></details>
</section>`;
}
