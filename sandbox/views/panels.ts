import { html } from 'ghtml';
import type { Destination } from '../destinations.ts';
import { landingPath } from '../landing-path.ts';
import { DUE_IN_DAYS, dueOf } from '../made-up-bill.ts';
import type { SignedOn } from '../saml/sign-on.ts';
import { dayFromNow, money } from './format.ts';

/** The content of a payment page and the target of its buttons. All of it is made up. */
interface PanelContext {
  readonly action: string;
  /** The amount due, in cents: different for each account, but always the same for a given one. */
  readonly due: number;
}

const panels: Readonly<Record<string, (context: PanelContext) => string>> = {
  bills: billsPanel,
  paperless: paperlessPanel,
  autopay: autopayPanel,
  'payment-methods': paymentMethodsPanel,
  'scheduled-payments': scheduledPaymentsPanel,
};

/** The content of a payment page: made up, harmless and plausible. */
export function panelFor(signedOn: SignedOn, destination: Destination): string {
  const action = landingPath(signedOn, destination);
  return (panels[destination.slug] ?? otherPanel)({ action, due: dueOf(signedOn.account) });
}

function billsPanel({ action, due }: PanelContext): string {
  const bills = [
    { day: -31, cents: Math.round(due * 0.93) },
    { day: -61, cents: Math.round(due * 1.08) },
    { day: -92, cents: Math.round(due * 0.89) },
  ].map(
    ({ day, cents }) =>
      html`<tr><td>${dayFromNow(day)}</td><td class="number">${money(cents)}</td><td><span class="tag good">Paid</span></td></tr>`,
  );
  return html`<section class="card due"><div><p class="eyebrow">Amount due</p><p class="amount">${money(due)}</p>
<p class="muted">Due on ${dayFromNow(DUE_IN_DAYS)}</p></div>
<form method="post" action="${action}"><button class="button" type="submit">Pay ${money(due)}</button></form></section>
<section class="card"><h2>Earlier bills</h2>
<table><thead><tr><th scope="col">Date</th><th scope="col" class="number">Amount</th><th scope="col">Status</th></tr></thead>
<tbody>!${bills}</tbody></table></section>`;
}

function paperlessPanel({ action }: PanelContext): string {
  return html`<section class="card"><h2>How your bills reach you</h2>
<form method="post" action="${action}" class="form">
<label class="option"><input type="radio" name="delivery" value="paper" checked><span><strong>By mail</strong><span class="muted">A paper bill every month.</span></span></label>
<label class="option"><input type="radio" name="delivery" value="email"><span><strong>By email</strong><span class="muted">We email you as soon as a bill is ready.</span></span></label>
<label class="option"><input type="radio" name="delivery" value="both"><span><strong>Both</strong><span class="muted">Paper and email.</span></span></label>
<div class="form-end"><button class="button" type="submit">Save my choice</button></div></form></section>`;
}

function autopayPanel({ action, due }: PanelContext): string {
  return html`<section class="card"><div class="card-head"><h2>Pay every bill automatically</h2><span class="tag">Off</span></div>
<p class="muted">With AutoPay, each bill is paid on the day you choose. The next payment would be ${money(due)}.</p>
<form method="post" action="${action}" class="form">
<div class="field"><label for="method">Pay with</label><select id="method" name="method"><option>Visa ending in 4242</option><option>Checking account ending in 6789</option></select></div>
<div class="field"><label for="day">When</label><select id="day" name="day"><option>On the due date</option><option>Three days before</option><option>As soon as the bill is ready</option></select></div>
<div class="field"><label for="limit">Not more than</label><input id="limit" name="limit" inputmode="decimal" value="250.00"><p class="hint">US dollars. Larger bills need your approval.</p></div>
<div class="form-end"><button class="button" type="submit">Turn AutoPay on</button></div></form></section>`;
}

function paymentMethodsPanel({ action }: PanelContext): string {
  return html`<section class="card"><h2>Saved payment methods</h2>
<ul class="rows">
<li><span class="chip" aria-hidden="true">VISA</span><span class="grow"><strong>Visa ending in 4242</strong><span class="muted">Expires 08/2031</span></span><span class="tag good">Default</span></li>
<li><span class="chip" aria-hidden="true">BANK</span><span class="grow"><strong>Checking account ending in 6789</strong><span class="muted">First Example Bank</span></span></li>
</ul>
<form method="post" action="${action}" class="form-end"><button class="button" type="submit">Add a payment method</button></form></section>`;
}

function scheduledPaymentsPanel({ action, due }: PanelContext): string {
  return html`<section class="card"><h2>Upcoming payments</h2>
<ul class="rows">
<li><span class="grow"><strong>${dayFromNow(12)}</strong><span class="muted">Visa ending in 4242</span></span><span class="number strong">${money(due)}</span></li>
<li><span class="grow"><strong>${dayFromNow(43)}</strong><span class="muted">Checking account ending in 6789</span></span><span class="number strong">${money(Math.round(due * 0.97))}</span></li>
</ul>
<form method="post" action="${action}" class="form-end"><button class="button" type="submit">Schedule a payment</button></form></section>`;
}

function otherPanel(): string {
  return html`<section class="card"><h2>Other page</h2>
<p class="muted">The sandbox has no content for this DeepLinkID. If you see this page, the sign-on worked and the number arrived.</p></section>`;
}
