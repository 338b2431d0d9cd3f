import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { OperationResult } from '../../../../src/admin/operations/registry.ts';
import type { ServiceProvider } from '../../../../src/protocols/saml/sp-metadata/service-provider.ts';
import { opensslKey } from '../../../support/saml/xmlsec-signer.ts';
import { PASSWORD, useStage } from '../../../support/stage.ts';

const stage = useStage({
  biller: 'sound',
  billerInput: { entityId: 'https://sound.example', acs: ['https://sound.example/acs'] },
});
const weak = opensslKey('rsa:1024').signer.certificate;
const fit = opensslKey('rsa:2048').signer.certificate;

const doctor = async () => (await stage.installation.operate('doctor', {})) as OperationResult<'doctor'>;
/** Without the dates of the certificates here, which openssl makes for a few days. */
const about = async (subject: string) =>
  (await doctor()).filter(
    (each) => each.subject === subject && each.level !== 'ok' && !each.finding.includes(') expires on '),
  );

/** A biller whose stored Service Provider registration would refuse today, as an earlier version may have left it. */
async function stored(slug: string, change: (known: ServiceProvider) => object, settings = {}): Promise<void> {
  const place = `https://${slug}.example`;
  await stage.addBiller(slug, { entityId: place, acs: [`${place}/acs`], settings });
  const { db } = stage.installation.services.database;
  const { serviceProvider } = await stage.installation.services.billers.bySlug(slug);
  await db
    .updateTable('billers')
    .set({ serviceProvider: { ...serviceProvider, ...change(serviceProvider) } })
    .where('slug', '=', slug)
    .execute();
  stage.installation.services.billers.forget((await stage.installation.services.billers.bySlug(slug)).id);
}

test('a sound biller has no finding', async () => {
  expect(await about('biller sound')).toEqual([]);
  expect(await about('billers')).toEqual([]);
});

test.each([
  ['one-slash', 'https:/sp.example/acs'],
  ['no-host', 'https://'],
  ['no-tls', 'http://sp.example/acs'],
  ['padded', ' https://sp.example/acs'],
])('an ACS that no Response can be posted to is an error: %s', async (slug, url) => {
  await stored(slug, ({ acs }) => ({ acs: acs.map((one) => ({ ...one, url })) }));
  const [found, ...others] = await about(`biller ${slug}`);
  expect(found).toMatchObject({ level: 'error', finding: expect.stringContaining(`the ACS "${url}"`) });
  expect(found?.remedy).toContain(`\`ic-idp biller update ${slug}\``);
  expect(others).toEqual([]);
});

test('a signing certificate whose signatures are refused is named, and an error where requests must be signed', async () => {
  const isWeak = { level: 'warning', finding: expect.stringContaining('requests signed with its key are refused') };
  await stored('weak-and-fit', () => ({ signingCertificates: [weak, fit] }));
  expect(await about('biller weak-and-fit')).toMatchObject([isWeak]);
  await stored('weak-only', () => ({ signingCertificates: [weak], authnRequestsSigned: true }));
  expect(await about('biller weak-only')).toMatchObject([
    isWeak,
    {
      level: 'error',
      finding: expect.stringMatching(/^Requests must be signed .*, but /),
      remedy: expect.stringContaining('ic-idp biller update weak-only'),
    },
  ]);
});

test('a Service Provider that can’t get an encrypted assertion is an error', async () => {
  await stored('unencryptable', () => ({ encryptionCertificates: [weak] }), { encrypt: 'never' });
  const { db } = stage.installation.services.database;
  await sql`update billers set settings = jsonb_set(settings, '{encrypt}', '"always"') where slug = 'unencryptable'`.execute(
    db,
  );
  stage.installation.services.billers.forget(undefined);
  const found = await about('biller unencryptable');
  expect(found.map(({ level }) => level)).toContain('error');
});

test('billers with the same Service Provider are listed once', async () => {
  const same = { entityId: 'https://same.example', acs: ['https://same.example/acs', 'https://same.example/acs2'] };
  for (const slug of ['twin-b', 'twin-a', 'twin-c'])
    await stage.addBiller(slug, { ...same, sameServiceProvider: true });
  const found = await about('billers');
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    level: 'warning',
    finding: expect.stringMatching(/^twin-a, twin-b, twin-c have the same/),
  });
});

test('a key that signs for two billers is an error', async () => {
  for (const slug of ['copied', 'original']) {
    await stage.addBiller(slug, { entityId: `https://${slug}.example`, acs: [`https://${slug}.example/acs`] });
  }
  const { db } = stage.installation.services.database;
  await sql`update signing_keys k set fingerprint = o.fingerprint from signing_keys o join billers b on b.id = o.biller_id
    where b.slug = 'original' and k.biller_id = (select id from billers where slug = 'copied')`.execute(db);
  const found = (await about('biller copied')).filter(({ finding }) => finding.includes('also belongs to'));
  expect(found).toMatchObject([{ level: 'error', finding: expect.stringContaining('also belongs to original') }]);
});

test('portal users without an account, and roles in no mapping, are counted and named', async () => {
  const slug = 'people';
  await stored(slug, () => ({}), { loginTypes: { owner: 1 } });
  await stage.installation.addUser(slug, 'typo@example.com', PASSWORD, ['101:onwer', '102:owner']);
  for (const name of ['one', 'two']) await stage.installation.addUser(slug, `${name}@example.com`, PASSWORD, []);
  await stage.installation.addUser(slug, 'gone@example.com', PASSWORD, []);
  await stage.installation.operate('user.update', { biller: slug, email: 'gone@example.com', disabled: true });
  const found = await about(`biller ${slug}`);
  expect(found).toMatchObject([
    { level: 'warning', finding: '2 portal users without an account can sign in, but not sign on' },
    { level: 'warning', finding: expect.stringContaining('The role "onwer" is in no mapping of people') },
  ]);
});
