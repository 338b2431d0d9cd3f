import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

interface Asset {
  /** Contains a part of the content's hash, so it may be cached forever. */
  readonly path: string;
  readonly body: Buffer;
  readonly contentType: string;
}

/** The stylesheet of every page. */
export const stylesheet: Asset = load('style', 'css', 'text/css; charset=utf-8');

/** What the page of the API needs besides. */
export const apiDocsStylesheet: Asset = load('api-docs', 'css', 'text/css; charset=utf-8');

/** Posts the form of the auto-submit page. */
export const autoSubmitScript: Asset = loadScript('auto-submit');

/** Offers to show the password on the sign-in page. */
export const showPasswordScript: Asset = loadScript('show-password');

/** Narrows a long list of accounts. */
export const findAccountScript: Asset = loadScript('find-account');

/** Copies the values on the page of the IdP metadata. */
export const copyScript: Asset = loadScript('copy');

/** Everything that the pages refer to, for the routes that serve it. */
export const assets: readonly Asset[] = [
  stylesheet,
  apiDocsStylesheet,
  autoSubmitScript,
  showPasswordScript,
  findAccountScript,
  copyScript,
];

function loadScript(name: string): Asset {
  return load(name, 'js', 'text/javascript; charset=utf-8');
}

function load(name: string, extension: string, contentType: string): Asset {
  const body = readFileSync(new URL(`./assets/${name}.${extension}`, import.meta.url));
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return { path: `/assets/${name}.${hash}.${extension}`, body, contentType };
}
