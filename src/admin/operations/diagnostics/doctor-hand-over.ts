import { temporaryUrls } from '../../../core/keys/publication/lasting-url.ts';
import type { Uses } from '../services.ts';
import type { Finding } from './finding.ts';

/** Reminds of one-time metadata URLs that the Service Provider may still have: they stop working. */
export async function handOverFindings({
  database,
  publicUrl,
  clock,
}: Uses<'database' | 'publicUrl' | 'clock'>): Promise<Finding[]> {
  return (await temporaryUrls(database)).map(({ slug, expires_at }): Finding => {
    const when = new Date(expires_at).toISOString().slice(0, 10);
    const over = expires_at <= clock() ? `stopped working on ${when}` : `stops working on ${when}`;
    return {
      subject: `biller ${slug}`,
      level: 'warning',
      finding: `Invoice Cloud's form may still have the one-time metadata URL, which ${over}`,
      remedy: `Ask Invoice Cloud to put ${publicUrl}/saml/${slug}/metadata into the biller's form. If it is there, say so: \`ic-idp key lasting-url ${slug}\`.`,
    };
  });
}
