import type { Biller } from '../../../core/billers/biller.ts';
import { listUsers } from '../../../core/portal-users/store.ts';
import type { ProviderProblem } from '../../../integrations/openid/examine.ts';
import type { Uses } from '../services.ts';
import type { Finding } from './finding.ts';

type Services = Uses<'database' | 'billers' | 'examineProvider'>;

const REMEDIES: Readonly<Record<ProviderProblem['where'], (slug: string) => string>> = {
  provider: () => 'Ask whoever runs the provider.',
  network: () => 'Check that this machine can reach the provider, and ask whoever runs it.',
  'client secret': (slug) =>
    `Compare client ID, redirect URI and client authentication with those at the provider, and give the client secret again with \`ic-idp biller update ${slug}\`.`,
  'client authentication': (slug) =>
    `Choose a client authentication that it takes, with \`ic-idp biller update ${slug}\`.`,
  settings: (slug) => `Compare \`ic-idp biller show ${slug}\` with what the provider says of itself.`,
};

async function findingsOf({ database, examineProvider }: Services, biller: Biller): Promise<Finding[]> {
  const { slug, settings } = biller;
  const subject = `biller ${slug}`;
  const problems = await examineProvider(biller);
  const findings = problems.map(({ level, problem, where }): Finding => {
    return { subject, level, finding: `sign-in at ${settings.oidcIssuer}: ${problem}`, remedy: REMEDIES[where](slug) };
  });
  if (settings.oidcAccountsClaim === null) {
    const users = await listUsers(database.db, biller.id, { source: 'oidc' }, 1);
    if (users.length === 0) {
      findings.push({
        subject,
        level: 'warning',
        finding: 'nobody can sign on who signs in at the provider: no accounts were given for its users',
        remedy: `Name the claim that states them with \`ic-idp biller update ${slug}\`, or give them: \`ic-idp user import ${slug}\`, or PUT /api/users/:id?source=oidc.`,
      });
    }
  }
  if (findings.length > 0) return findings;
  return [{ subject, level: 'ok', finding: `portal users can sign in at ${settings.oidcIssuer}` }];
}

/** @returns whether portal users can sign in at the OpenID Connect providers of their billers */
export async function signInFindings(services: Services): Promise<Finding[]> {
  const all = (await services.billers.all()).filter(({ settings }) => settings.signIn === 'oidc');
  const found = await Promise.all(all.map((biller) => findingsOf(services, biller)));
  return found.flat();
}
