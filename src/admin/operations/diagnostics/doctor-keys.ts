import { type KeyStatus, readKeyStatus } from '../../../core/keys/status.ts';
import type { listKeys } from '../../../core/keys/store.ts';
import type { Uses } from '../services.ts';
import type { Finding } from './finding.ts';

const DAY_MS = 86_400_000;
const WARN_DAYS = 60;
/** A canary that runs for longer was forgotten. */
const FORGOTTEN_DAYS = 2;
/** Shorter than fetches are kept: of an older key nothing is known. */
const REMEMBERED_MS = 365 * DAY_MS;

type Key = Awaited<ReturnType<typeof listKeys>>[number];

/** The next step of a rotation that is due. */
function nextStep({ slug, rotation, staged }: KeyStatus): string {
  if (staged === null) return `Stage its successor: \`ic-idp key stage ${slug}\`.`;
  if (staged.trust === 'accepted') return `Its successor is proven: \`ic-idp key activate ${slug}\`.`;
  return rotation === 'overlap'
    ? `Its successor is staged. Prove it with \`ic-idp key canary ${slug}\`, then \`ic-idp key activate ${slug}\`.`
    : `Its successor is staged. Hand it over: \`ic-idp key hand-over ${slug}\`.`;
}

/** @param now milliseconds since 1970 */
function expiryFinding(status: KeyStatus, now: number): Finding[] {
  const { active } = status;
  if (active === null) return [];
  const days = Math.floor((active.not_after - now) / DAY_MS);
  // One that has expired is a finding of the readiness.
  if (days < 0 || days >= WARN_DAYS) return [];
  const left = days === 0 ? 'within a day' : days === 1 ? 'in 1 day' : `in ${days} days`;
  const finding = `the active certificate expires ${left}, and Invoice Cloud has a copy`;
  return [{ subject: `biller ${status.slug}`, level: 'warning', finding, remedy: nextStep(status) }];
}

/** What the other side knows about an active key that replaced another one. */
function trustFinding(status: KeyStatus, keys: readonly Key[], publicUrl: string, now: number): Finding[] {
  const { slug, active, retiring, active_seen } = status;
  const key = keys.find(({ fingerprint }) => fingerprint === active?.fingerprint);
  if (active === null || key === undefined || active.trust === 'accepted') return [];
  const since = (key.activatedAt ?? key.createdAt).getTime();
  const replaced = keys.some(({ activatedAt }) => activatedAt !== null && activatedAt.getTime() < since);
  if (!replaced) return [];
  const back = retiring === null ? '' : ` \`ic-idp key back-out ${slug}\` goes back to the old key.`;
  const subject = `biller ${slug}`;
  const save = `Ask Invoice Cloud to save ${publicUrl}/saml/${slug}/metadata again in the biller’s form.`;
  const tell = `Sign on, then say what Invoice Cloud did with \`ic-idp key canary ${slug}\`.`;
  if (active.trust === 'refused') {
    const finding = 'Invoice Cloud refused a sign-on with the active key';
    return [{ subject, level: 'error', finding, remedy: retiring === null ? `${save} ${tell}` : back.trim() }];
  }
  if (active_seen === 0 && since > now - REMEMBERED_MS) {
    const finding = 'the active certificate is not known over there: Invoice Cloud has not fetched it';
    return [{ subject, level: 'error', finding, remedy: `${save} ${tell}${back}` }];
  }
  if (retiring === null) return [];
  const finding =
    'it is not known whether Invoice Cloud accepts sign-ons with the active key; the old one is kept until then';
  return [{ subject, level: 'warning', finding, remedy: `${tell}${back}` }];
}

/** A canary is for a sign-on or two. @param now milliseconds since 1970 */
function canaryFinding({ slug, canary }: KeyStatus, now: number): Finding[] {
  const days = canary === null ? 0 : Math.floor((now - canary.since) / DAY_MS);
  if (days < FORGOTTEN_DAYS) return [];
  const finding = `the staged key has signed for a test user for ${days} days`;
  const remedy = `Say what Invoice Cloud did, or stop it: \`ic-idp key canary ${slug}\`.`;
  return [{ subject: `biller ${slug}`, level: 'warning', finding, remedy }];
}

/** What is wrong with signing keys as Invoice Cloud sees them, and the command that helps. */
export async function keyFindings({
  database,
  keys,
  publicUrl,
  clock,
}: Uses<'database' | 'keys' | 'publicUrl' | 'clock'>): Promise<Finding[]> {
  const now = clock();
  const ofBiller = Map.groupBy(await keys.list(), ({ billerId }) => billerId);
  const all = await readKeyStatus(database, undefined, now);
  return all.flatMap((status) => [
    ...expiryFinding(status, now),
    ...canaryFinding(status, now),
    ...trustFinding(status, ofBiller.get(status.biller_id) ?? [], publicUrl, now),
  ]);
}
