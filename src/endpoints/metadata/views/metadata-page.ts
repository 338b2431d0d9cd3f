import { html } from 'ghtml';
import { copyScript } from '../../../platform/http/pages/assets.ts';
import { layout } from '../../../platform/http/pages/layout.ts';

interface Certificate {
  /** What the key does, e.g. “signs now”. */
  readonly use: string;
  readonly fingerprintSha256: string;
  readonly fingerprintSha1: string;
  /** Dates, e.g. 2026-11-26. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly pem: string;
}

interface MetadataPageModel {
  readonly billerName: string;
  readonly entityId: string;
  readonly metadataUrl: string;
  readonly ssoUrl: string;
  readonly nameIdFormat: string;
  readonly certificates: readonly Certificate[];
  readonly claims: readonly { readonly name: string; readonly meaning: string; readonly nameFormat: string }[];
  /** The document that programs get. */
  readonly xml: string;
  readonly downloadHref: string;
}

/** What a person sees who opens the metadata URL: the values for Invoice Cloud's form, and the XML. */
export function metadataPage(model: MetadataPageModel): string {
  return layout({
    title: 'IdP metadata',
    billerName: model.billerName,
    script: copyScript.path,
    body: html`<div class="card wide">
<h1>IdP metadata</h1>
<p class="lead">The values for setting up sign-on from ${model.billerName} to Invoice Cloud. A program that fetches this address gets the XML.</p>
<dl class="values">
!${value('Entity ID', model.entityId)}
!${value('Metadata URL', model.metadataUrl)}
!${value('SSO Service URL', model.ssoUrl)}
!${value('NameID format', model.nameIdFormat)}
</dl>
!${model.certificates.map(certificate)}
<h2>Claims</h2>
<div class="scrolls" tabindex="0" role="region" aria-label="Claims"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Carries</th><th scope="col">Name format</th></tr></thead>
<tbody>!${model.claims.map(
      (claim) =>
        html`<tr><th scope="row"><code>${claim.name}</code></th><td>${claim.meaning}</td><td><code>${claim.nameFormat}</code></td></tr>`,
    )}</tbody>
</table></div>
<h2>XML</h2>
<details><summary>Show the XML</summary><pre tabindex="0" aria-label="XML"><code>${model.xml}</code></pre></details>
<p><a class="secondary" href="${model.downloadHref}" download>Download the XML</a></p>
</div>`,
  });
}

function value(name: string, text: string): string {
  return html`<div><dt>${name}</dt><dd><code data-copy>${text}</code></dd></div>`;
}

function certificate(one: Certificate): string {
  return html`<h2>Certificate that ${one.use}</h2>
<dl class="values">
!${value('SHA-256 fingerprint', one.fingerprintSha256)}
!${value('SHA-1 fingerprint', one.fingerprintSha1)}
<div><dt>Valid</dt><dd>from ${one.validFrom} to ${one.validTo}</dd></div>
</dl>
<details><summary>Show the certificate (PEM)</summary><pre tabindex="0" aria-label="Certificate"><code data-copy>${one.pem}</code></pre></details>`;
}
