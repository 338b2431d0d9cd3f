import { expect, test } from 'vitest';
import { requirePosted } from '../../support/browser/browser-like.ts';
import { useStage } from '../../support/stage.ts';

const DAY = 86_400_000;
const stage = useStage();
let made = 0;

interface Finding {
  readonly subject: string;
  readonly level: string;
  readonly finding: string;
  readonly remedy?: string;
}

const operate = (name: string, input: unknown) => stage.installation.operate(name, input);
const findingsOf = async (slug: string) =>
  ((await operate('doctor', {})) as Finding[]).filter(({ subject }) => subject === `biller ${slug}`);

async function newBiller(settings: Record<string, unknown> = {}): Promise<string> {
  made += 1;
  const slug = `biller-${made}`;
  await stage.addBiller(slug, { settings });
  return slug;
}
async function fetchMetadata(slug: string): Promise<void> {
  await stage.installation.server.inject({ url: `/saml/${slug}/metadata`, headers: { 'user-agent': 'their-crm' } });
  await stage.installation.services.fetches.drained();
}
async function signOn(slug: string): Promise<void> {
  requirePosted(await stage.bring(await stage.signedIn(slug), {}, undefined, slug));
}
const NOT_KNOWN = {
  level: 'error',
  finding: 'the active certificate is not known over there: Invoice Cloud has not fetched it',
};

test('a biller that is being onboarded has no finding about its key', async () => {
  expect(await findingsOf(await newBiller())).toEqual([]);
});

test('after a revocation the new certificate is not known over there, until it is fetched', async () => {
  const slug = await newBiller();
  await fetchMetadata(slug);
  stage.pass(1000);
  await operate('key.revoke', { biller: slug, reason: 'it leaked', replace: 'EC-P256' });
  const [finding, ...more] = await findingsOf(slug);
  expect(more).toEqual([]);
  expect(finding).toMatchObject(NOT_KNOWN);
  expect(finding?.remedy).toContain(`save https://idp.example/saml/${slug}/metadata again`);
  expect(finding?.remedy).toContain(`\`ic-idp key canary ${slug}\``);
  await fetchMetadata(slug);
  expect(await findingsOf(slug)).toEqual([]);
});

test('after a forced activation it is not known either, and there is a way back', async () => {
  const slug = await newBiller();
  await operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  stage.pass(1000);
  await operate('key.activate', { biller: slug, force: true, reason: 'test' });
  const [finding] = await findingsOf(slug);
  expect(finding).toMatchObject(NOT_KNOWN);
  expect(finding?.remedy).toContain(`\`ic-idp key back-out ${slug}\` goes back to the old key`);
  // The operator's word counts, however the certificate got there.
  await signOn(slug);
  await operate('key.judge', { biller: slug, verdict: 'accepted' });
  expect(await findingsOf(slug)).toEqual([]);
});

test('our own monitor’s fetch makes nothing known over there', async () => {
  const slug = await newBiller({ monitors: ['their-crm'] });
  stage.pass(1000);
  await operate('key.revoke', { biller: slug, reason: 'it leaked', replace: 'EC-P256' });
  await fetchMetadata(slug);
  expect(await findingsOf(slug)).toMatchObject([NOT_KNOWN]);
});

test('a stranger’s fetch makes nothing known over there once the Service Provider’s clients are listed', async () => {
  const slug = await newBiller();
  stage.pass(1000);
  await operate('key.revoke', { biller: slug, reason: 'it leaked', replace: 'EC-P256' });
  await fetchMetadata(slug);
  expect(await findingsOf(slug)).toEqual([]);
  await operate('biller.update', { slug, settings: { metadataClients: ['203.0.113.0/24'] } });
  expect(await findingsOf(slug)).toMatchObject([NOT_KNOWN]);
});

test('a key that was seen and not proven is a warning while the old one waits for that, and a refused one an error', async () => {
  const slug = await newBiller({ rotation: 'overlap' });
  await operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  await fetchMetadata(slug);
  stage.pass(1000);
  await operate('key.activate', { biller: slug, confirmed: true });
  const [warning] = await findingsOf(slug);
  expect(warning).toMatchObject({ level: 'warning' });
  expect(warning?.finding).toContain('it is not known whether Invoice Cloud accepts sign-ons with the active key');
  await operate('key.judge', { biller: slug, verdict: 'refused' });
  expect(await findingsOf(slug)).toMatchObject([
    { level: 'error', finding: 'Invoice Cloud refused a sign-on with the active key' },
  ]);
  await operate('key.back-out', { biller: slug });
  expect(await findingsOf(slug)).toEqual([]);
});

test('a canary that was forgotten is a warning', async () => {
  const slug = await newBiller({ rotation: 'overlap' });
  const [user] = (await operate('user.list', { biller: slug })) as [{ email: string }];
  await operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  await operate('key.canary', { biller: slug, user: user.email });
  expect(await findingsOf(slug)).toEqual([]);
  stage.pass(3 * DAY);
  expect(await findingsOf(slug)).toMatchObject([
    { level: 'warning', finding: 'the staged key has signed for a test user for 3 days' },
  ]);
});

test('a certificate near its end is a warning with the command for the next step', async () => {
  const overlap = await newBiller({ rotation: 'overlap' });
  const single = await newBiller();
  await signOn(overlap);
  stage.pass((3 * 365 - 4) * DAY);
  const remedyOf = async (slug: string) => {
    const [finding] = await findingsOf(slug);
    expect(finding?.level).toBe('warning');
    expect(finding?.finding).toMatch(/^the active certificate expires in \d+ days, and Invoice Cloud has a copy$/);
    return finding?.remedy;
  };
  expect(await remedyOf(overlap)).toContain(`\`ic-idp key stage ${overlap}\``);
  for (const slug of [overlap, single]) await operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  expect(await remedyOf(single)).toContain(`\`ic-idp key hand-over ${single}\``);
  expect(await remedyOf(overlap)).toContain(`\`ic-idp key canary ${overlap}\``);
  const user = (await operate('user.list', { biller: overlap })) as [{ email: string }];
  await operate('key.canary', { biller: overlap, user: user[0].email });
  await signOn(overlap);
  await operate('key.judge', { biller: overlap, verdict: 'accepted' });
  expect(await remedyOf(overlap)).toContain(`\`ic-idp key activate ${overlap}\``);
  stage.pass(5 * DAY);
  const expired = ((await operate('doctor', {})) as Finding[]).find(({ finding }) =>
    finding.includes(`${overlap} has expired`),
  );
  expect(expired?.remedy).toContain(`\`ic-idp key stage ${overlap}\``);
});
