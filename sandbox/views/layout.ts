import { html } from 'ghtml';

interface LayoutParts {
  readonly title: string;
  /** Ready-made HTML. */
  readonly body: string;
  /** Ready-made HTML for the end of the head. */
  readonly head?: string;
  readonly bodyClass?: string;
}

/** The frame of every page: head, and the ribbon that marks it as the sandbox. */
export function layout({ title, body, head = '', bodyClass = '' }: LayoutParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} | Invoice Cloud Sandbox</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/sandbox.css">
!${head}
</head>
<body class="${bodyClass}">
<p class="ribbon"><span class="ribbon-dot" aria-hidden="true"></span>Invoice Cloud Sandbox: for testing only</p>
!${body}
</body>
</html>
`;
}

/** The frame of the onboarding pages. */
export function staffLayout(title: string, content: string): string {
  return layout({
    title,
    bodyClass: 'staff',
    body: html`<header class="top"><div class="wrap top-row">
<a class="brand" href="/"><span class="brand-mark" aria-hidden="true">IC</span><span>Biller onboarding</span></a>
<nav class="top-nav" aria-label="Onboarding"><a href="/">Overview</a><a href="/onboarding">Onboard a biller</a></nav>
</div></header>
<main class="wrap">!${content}</main>`,
  });
}
