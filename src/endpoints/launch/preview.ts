import type { FastifyRequest } from 'fastify';

/** Programs that open links that people send to each other, to show a preview or to look for malware. */
const BOTS =
  /Slackbot|Twitterbot|facebookexternalhit|Facebot|meta-external|LinkedInBot|WhatsApp\/|TelegramBot|Discordbot|SkypeUriPreview|MicrosoftPreview|BingPreview|Google-(?:Safety|PageRenderer|InspectionTool)|Googlebot|bingbot|Applebot|redditbot|Pinterestbot|Mastodon|Embedly|Iframely|vkShare|\b(?:crawler|spider)\b|LinkPreview|Barracuda|Proofpoint|Mimecast/i;

/** Where browsers say that they only fetch ahead: Sec-Purpose today, the others before it. */
const PURPOSES = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;

/** @returns whether nobody has asked for the page so far: a browser fetches ahead, or a program shows a preview */
export function isPreview({ headers }: FastifyRequest): boolean {
  const isAhead = PURPOSES.some((name) => /prefetch|prerender|preview/i.test(String(headers[name] ?? '')));
  return isAhead || BOTS.test(headers['user-agent'] ?? '');
}
