import { html } from 'ghtml';
import { stylesheet } from './assets.ts';
import { type Help, helpLinks } from './help.ts';

interface LayoutModel {
  /** The page's title; the biller's name is appended. */
  readonly title: string;
  /** The brand of the page; a neutral one if undefined. */
  readonly billerName?: string | undefined;
  /** Shown at the foot of the page. */
  readonly help?: Help | undefined;
  /** Trusted HTML: written with `html`, so that every value is escaped. */
  readonly body: string;
  /** URL of one of our own stylesheets, besides the one of every page. */
  readonly styles?: string | undefined;
  /** URL of one of our own scripts. */
  readonly script?: string | undefined;
  /** Where the page moves on to by itself, at once. */
  readonly movesTo?: string | undefined;
}

// A data: icon saves every sign-on a request for /favicon.ico.
const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%230a5c8c'/%3E%3Cpath d='M11 15v-3a5 5 0 0 1 10 0v3m-11 0h12v8H10z' fill='none' stroke='%23fff' stroke-width='2.5' stroke-linejoin='round'/%3E%3C/svg%3E";

const padlock =
  '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path d="M5 7V5a3 3 0 0 1 6 0v2M3.75 7h8.5v6.25h-8.5z" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/></svg>';

/**
 * Wraps a page in the whole document: head, brand, footer.
 *
 * It works under this Content-Security-Policy: `default-src 'none'; style-src 'self'; script-src 'self';
 * img-src 'self' data:` (and `form-action` where the page has a form).
 *
 * @returns the HTML document
 */
export function layout(model: LayoutModel): string {
  const { billerName } = model;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${billerName === undefined ? model.title : `${model.title} – ${billerName}`}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
!${model.movesTo === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${model.movesTo}">`}
<link rel="icon" href="!${icon}">
<link rel="stylesheet" href="!${stylesheet.path}">
!${model.styles === undefined ? '' : html`<link rel="stylesheet" href="${model.styles}">`}
!${model.script === undefined ? '' : html`<script src="${model.script}" defer></script>`}
</head>
<body>
<header class="brand">
<span class="monogram" aria-hidden="true">!${billerName === undefined ? padlock : html`${initials(billerName)}`}</span>
<span class="brand-name">${billerName ?? 'Secure sign-on'}</span>
</header>
<main>
!${model.body}
</main>
!${helpLinks(model.help, billerName)}
<footer class="service">!${padlock}<span>Secure sign-on to Invoice Cloud</span></footer>
</body>
</html>
`;
}

/** One or two letters for the biller: "City of Riverton Water" gives "CR". */
function initials(name: string): string {
  const words = name.split(/[\s\-/]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const telling = words.filter((word) => !/^(?:of|the|and|for|at|in)$/i.test(word));
  return (telling.length > 0 ? telling : words)
    .slice(0, 2)
    .map((word) => (Array.from(word)[0] ?? '').toUpperCase())
    .join('');
}
