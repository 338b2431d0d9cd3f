import type { FastifyPluginAsync } from 'fastify';

interface SecurityTxtServices {
  readonly publicUrl: string;
  /** Where to report a vulnerability: a mailto: or https: URL. */
  readonly contact: string;
  readonly clock: () => number;
}

const PATH = '/.well-known/security.txt';
const DAY_MS = 86_400_000;
/** RFC 9116 recommends less than a year (2.5.5). The file is written anew for every request, so it never expires. */
const VALID_DAYS = 180;

/** Serves security.txt, which tells researchers where to report a vulnerability (RFC 9116). */
export const securityTxtRoutes: FastifyPluginAsync<SecurityTxtServices> = async (scope, services) => {
  const { publicUrl, contact, clock } = services;
  scope.get(PATH, (_request, reply) => {
    const expires = new Date((Math.floor(clock() / DAY_MS) + VALID_DAYS) * DAY_MS);
    const lines = [`Contact: ${contact}`, `Expires: ${expires.toISOString()}`, 'Preferred-Languages: en'];
    // A Canonical must be an https URL (2.5.2).
    if (publicUrl.startsWith('https:')) lines.push(`Canonical: ${publicUrl}${PATH}`);
    return reply
      .headers({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'public, max-age=86400' })
      .send(`${lines.join('\n')}\n`);
  });
};
