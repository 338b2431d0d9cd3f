import type { Biller } from '../../../core/billers/biller.ts';
import { accountlessUsers, rolesInUse } from '../../../core/portal-users/census.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { faultOfSecureUrl } from '../../../platform/util/web-url.ts';
import { weakCertificateWarnings } from '../billers/input.ts';
import { settingsOf } from '../billers/settings.ts';
import type { Uses } from '../services.ts';
import { roleWarnings } from '../users/view.ts';
import type { Finding } from './finding.ts';

const plural = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;

const finding = (biller: Biller, level: Finding['level'], text: string, remedy: string): Finding => ({
  subject: `biller ${biller.slug}`,
  level,
  finding: text.replace(/\.$/, ''),
  remedy,
});

const newMetadata = ({ slug }: Biller) =>
  `Ask the Service Provider for current metadata, and register it with \`ic-idp biller update ${slug}\`.`;

/** The rules of registration and sign-on about what is stored: an earlier version, or a restore, may have stored more. */
function providerFindings(biller: Biller): Finding[] {
  const { serviceProvider, settings } = biller;
  const unusable = serviceProvider.acs.flatMap(({ url }) => {
    const fault = faultOfSecureUrl(url);
    if (fault === undefined) return [];
    const text = `Responses can't be posted to the ACS "${url}": ${fault}. Sign-ons to it fail in the browser`;
    return [finding(biller, 'error', text, newMetadata(biller))];
  });
  const weak = weakCertificateWarnings(serviceProvider).map((text) =>
    finding(biller, 'warning', text, newMetadata(biller)),
  );
  try {
    settingsOf(settings, {}, serviceProvider);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const remedy = `Sign-ons may be refused. Correct it with \`ic-idp biller update ${biller.slug}\`.`;
    return [...unusable, ...weak, finding(biller, 'error', error.complaint, remedy)];
  }
  return [...unusable, ...weak];
}

/** Billers with the same Service Provider: right for some, but also what a wrong file looks like. */
function sharedProviderFindings(billers: readonly Biller[]): Finding[] {
  const places = billers.flatMap((biller) =>
    biller.serviceProvider.acs.map(({ url }) => ({ biller, place: `${biller.serviceProvider.entityId} ${url}` })),
  );
  const shared = [...Map.groupBy(places, ({ place }) => place).values()].map((same) =>
    [...new Set(same.map(({ biller }) => biller))].toSorted((one, other) => (one.slug < other.slug ? -1 : 1)),
  );
  const groups = new Map(shared.map((same) => [same.map(({ slug }) => slug).join(', '), same]));
  return [...groups].flatMap(([names, same]) => {
    if (same.length < 2) return [];
    return [
      {
        subject: 'billers',
        level: 'warning',
        finding: `${names} have the same Service Provider and ACS: if one got another's file by mistake, its portal users are signed on there`,
        remedy: `Compare them: \`ic-idp biller show ${same[0]?.slug}\`. If Invoice Cloud has one Service Provider for them, all is well.`,
      } satisfies Finding,
    ];
  });
}

/** What the directory of portal users gives every sign-on. */
async function userFindings(billers: readonly Biller[], { database }: Uses<'database'>): Promise<Finding[]> {
  const roles = Map.groupBy(await rolesInUse(database.db), ({ billerId }) => billerId);
  const accountless = new Map((await accountlessUsers(database.db)).map(({ billerId, users }) => [billerId, users]));
  return billers.flatMap((biller) => {
    const users = accountless.get(biller.id);
    const none =
      users === undefined
        ? []
        : [
            finding(
              biller,
              'warning',
              `${plural(users, 'portal user')} without an account can sign in, but not sign on`,
              `\`ic-idp user list ${biller.slug}\` shows them, and \`ic-idp user update ${biller.slug}\` gives them one.`,
            ),
          ];
    const unmapped = roleWarnings(biller, roles.get(biller.id) ?? []).map((text) =>
      finding(
        biller,
        'warning',
        text,
        `If it is a typo, correct the accounts with \`ic-idp user update ${biller.slug}\`; if not, map the role with \`ic-idp biller update ${biller.slug}\`.`,
      ),
    );
    return [...none, ...unmapped];
  });
}

/** A key that signs for two billers lets one of them be taken for the other. */
async function sharedKeyFindings({ keys }: Uses<'keys'>): Promise<Finding[]> {
  const usable = (await keys.list()).filter(({ state }) => state !== 'retired' && state !== 'revoked');
  return [...Map.groupBy(usable, ({ fingerprint }) => fingerprint)].flatMap(([fingerprint, same]) => {
    const billers = [...new Set(same.map(({ biller }) => biller))].toSorted();
    const [first, second] = billers;
    if (first === undefined || second === undefined) return [];
    return [
      {
        subject: `biller ${first}`,
        level: 'error',
        finding: `its key ${fingerprint.slice(0, 16)}… also belongs to ${billers.slice(1).join(', ')}: a Response of one could be taken for another's`,
        remedy: `Give each its own: \`ic-idp key stage ${second}\`, then rotate.`,
      } satisfies Finding,
    ];
  });
}

/**
 * Applies the rules of registration and of a sign-on to everything that is registered.
 *
 * @returns what would keep sign-ons from working, or take them to the wrong place
 */
export async function registeredFindings(services: Uses<'billers' | 'database' | 'keys'>): Promise<Finding[]> {
  const billers = await services.billers.all();
  return [
    ...billers.flatMap(providerFindings),
    ...sharedProviderFindings(billers),
    ...(await sharedKeyFindings(services)),
    ...(await userFindings(billers, services)),
  ];
}
