import { html } from 'ghtml';
import type { Biller } from '../billers/biller.ts';
import { moment } from './format.ts';
import { staffLayout } from './layout.ts';

/**
 * The overview: every onboarded biller with its copied data.
 * @param saved GUID of the biller that was just saved
 */
export function overviewView(billers: readonly Biller[], publicUrl: string, saved: string | undefined): string {
  const notice = billers.find((biller) => biller.guid === saved);
  return staffLayout(
    'Overview',
    html`<div class="page-head"><div><h1>Onboarded billers</h1>
<p class="muted">Each biller has a copy of its Identity Provider's data. The copy is made when the form is saved, and never updates by itself unless the form says so.</p></div>
<a class="button" href="/onboarding">Onboard a biller</a></div>
!${notice === undefined ? '' : html`<p class="notice" role="status"><strong>${notice.name}</strong> was saved. Entity ID, SSO Service URL and certificate were copied.</p>`}
!${billers.length === 0 ? emptyView() : billers.map((biller) => billerView(biller, publicUrl))}`,
  );
}

function emptyView(): string {
  return html`<section class="card centered empty"><h2>No billers yet</h2>
<p class="muted">To onboard the first one, you need a BillerGUID and an Identity Provider's metadata URL.</p>
<a class="button" href="/onboarding">Onboard a biller</a></section>`;
}

function keptInWords({ keeps, copied }: Biller): string {
  const count = 1 + copied.otherCertificatesPem.length;
  const all = count === 1 ? '1' : `${count}, the first of which is shown`;
  return { first: 'the first', all, 'fetches-again': `${all}; fetched again for each sign-on` }[keeps];
}

function billerView(biller: Biller, publicUrl: string): string {
  const { copied } = biller;
  const ended = new Date(copied.certificateNotAfter) <= new Date();
  return html`<section class="card biller">
<div class="card-head"><div><h2>${biller.name}</h2><p class="mono muted">${biller.guid}</p></div>
<a class="button quiet" href="/onboarding?biller=${biller.guid}">Edit</a></div>
<dl class="facts">
<div><dt>Entity ID</dt><dd class="mono">${copied.entityId}</dd></div>
<div><dt>SSO Service URL</dt><dd class="mono">${copied.ssoUrl}</dd></div>
<div><dt>AuthnRequest binding</dt><dd>${biller.binding}</dd></div>
<div><dt>Certificate, SHA-256</dt><dd class="mono fingerprint">${copied.certificateFingerprint}</dd></div>
<div><dt>Certificate subject</dt><dd>${copied.certificateSubject}</dd></div>
<div><dt>Certificates kept</dt><dd>${keptInWords(biller)}</dd></div>
<div><dt>Certificate expires</dt><dd>${moment(copied.certificateNotAfter)} !${ended ? '<span class="tag bad">expired</span>' : ''}</dd></div>
<div><dt>Copied</dt><dd>${moment(copied.at)}</dd></div>
<div><dt>Claims</dt><dd>${[biller.claimEmail, biller.claimLoginType, biller.claimAccountNumber || '(no account number expected)'].join(', ')}</dd></div>
<div><dt>Our SP metadata</dt><dd class="mono"><a href="/saml/${biller.guid}/metadata">${publicUrl}/saml/${biller.guid}/metadata</a></dd></div>
<div><dt>Redirect link</dt><dd class="mono">${publicUrl}/saml/${biller.guid}?account=<em>account number</em>&amp;ViewMode=0&amp;DeepLinkID=1</dd></div>
</dl>
</section>`;
}
