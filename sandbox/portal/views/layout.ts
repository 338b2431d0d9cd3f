import { html } from 'ghtml';

interface LayoutParts {
  readonly title: string;
  /** Ready-made HTML. */
  readonly body: string;
  /** Ready-made HTML of the header's right side. */
  readonly aside?: string;
  /** Without header and footer, inside an iframe. */
  readonly bare?: boolean;
}

/** The frame of every page: the utility's header and footer. */
export function layout({ title, body, aside = '', bare = false }: LayoutParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} – City of Riverton Water</title>
<link rel="icon" href="/assets/portal.svg">
<link rel="stylesheet" href="/assets/portal.css">
</head>
<body>
!${bare ? '' : header(aside)}
<main class="wrap" id="main">
!${body}
</main>
!${bare ? '' : footer}
</body>
</html>
`;
}

const header = (aside: string): string => html`<a class="skip" href="#main">Skip to content</a>
<header class="top"><div class="wrap">
<a class="brand" href="/"><img src="/assets/portal.svg" width="36" height="36" alt=""><span>City of Riverton<strong>Water</strong></span></a>
!${aside}
</div></header>`;

const footer = html`<footer class="bottom"><div class="wrap">
<p>Leak or water main break? Call <a href="tel:+15550100199">(555) 010-0199</a>, day and night.</p>
<p>A demonstration portal: no real utility, no real people.</p>
</div></footer>`;
