import { html } from 'ghtml';
import { DESTINATIONS, type Destination } from '../destinations.ts';
import { type AccountRecord, recordOf } from '../records.ts';
import type { PortalUser } from '../users.ts';
import { layout } from './layout.ts';
import { icon, signedInAside } from './parts.ts';

interface HomeModel {
  readonly user: PortalUser;
  /** The account that the page is about. */
  readonly account: string;
}

const ROLES: Readonly<Record<string, string>> = { owner: 'owner', 'co-owner': 'co-owner' };

/** Lets somebody with several accounts choose the one that the page is about. */
function accountChoice({ user, account }: HomeModel): string {
  const options = user.accounts.map(
    ({ number }) =>
      html`<option value="${number}" !${number === account ? 'selected' : ''}>${number} – ${recordOf(number).address}</option>`,
  );
  return html`<form class="accounts" method="post" action="/account">
<label for="account">Account</label>
<select id="account" name="account">!${options}</select>
<button class="button small">Show</button>
</form>`;
}

function usageChart({ usage }: AccountRecord): string {
  const most = Math.max(...usage.map(({ kgal }) => kgal));
  const bars = usage.map(({ month, kgal }, place) => {
    const height = Math.round((kgal / most) * 80);
    const x = place * 50 + 8;
    return html`<rect x="${x}" y="${96 - height}" width="34" height="${height}" rx="4"/>
<text x="${x + 17}" y="114" text-anchor="middle">${month}</text>
<text x="${x + 17}" y="${90 - height}" text-anchor="middle" class="value">${kgal}</text>`;
  });
  const words = usage.map(({ month, kgal }) => `${month} ${kgal}`).join(', ');
  return html`<svg class="chart" viewBox="0 0 300 120" role="img" aria-label="Thousands of gallons: ${words}">!${bars}</svg>`;
}

/** The form that a click sends: it names the account that this page is about, which may not be that of another tab. */
const goForm = (destination: Destination, account: string, button: string): string =>
  html`<form method="post" action="/pay"><input type="hidden" name="destination" value="${destination}"><input type="hidden" name="account" value="${account}">!${button}</form>`;

function tile(name: Destination, account: string): string {
  const { title, sentence, icon: path } = DESTINATIONS[name];
  return html`<li class="tile">
!${icon(path)}
<h3>${title}</h3>
<p>${sentence}</p>
<div class="ways">
!${goForm(name, account, html`<button class="button small" aria-label="Open ${title}">Open</button>`)}
<a class="plain" href="/show/${name}?${new URLSearchParams({ account })}" aria-label="Show here: ${title}">Show here</a>
</div>
</li>`;
}

/** What somebody sees who is signed in: the account, what is due, and where to go at Invoice Cloud. */
export function homePage(model: HomeModel): string {
  const { user, account } = model;
  const record = recordOf(account);
  const role = user.accounts.find(({ number }) => number === account)?.role ?? '';
  const names = Object.keys(DESTINATIONS) as Destination[];
  return layout({
    title: 'My account',
    aside: signedInAside(user),
    body: html`<div class="heading">
<div><p class="kicker">Account ${account} · you are its ${ROLES[role] ?? role}</p>
<h1>${record.address}</h1></div>
!${user.accounts.length > 1 ? accountChoice(model) : ''}
</div>
<div class="columns">
<section class="card due" aria-labelledby="due">
<h2 id="due">Amount due</h2>
<p class="amount">${record.due}</p>
<p>${record.service}, due on ${record.dueOn}</p>
!${goForm('bills', account, '<button class="button">Pay my bill</button>')}
</section>
<section class="card" aria-labelledby="usage">
<h2 id="usage">Water used</h2>
<p class="note">Thousands of gallons a month</p>
!${usageChart(record)}
</section>
</div>
<h2 class="section">Billing and payments</h2>
<ul class="tiles">!${names.map((name) => tile(name, account))}</ul>`,
  });
}
