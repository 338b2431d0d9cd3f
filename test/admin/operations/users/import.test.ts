import { expect, test } from 'vitest';
import { sessionCookie } from '../../../../src/endpoints/session-cookie.ts';
import { createBrowserLike, requirePosted } from '../../../support/browser/browser-like.ts';
import { EMAIL, useStage } from '../../../support/stage.ts';

const stage = useStage();
const operate = <Result>(name: string, input: object) => stage.installation.operate(name, input) as Promise<Result>;

interface Page {
  readonly next: string | null;
  readonly removed: number;
}
type Said = readonly [externalId: string, email: string, account: string];

async function begin(...said: Said[]): Promise<string> {
  const begun = await operate<{ import: string }>('user.import-begin', { biller: 'riverton', source: 'portal' });
  const rows = said.map(([externalId, email, account], n) => ({
    line: n + 2,
    externalId,
    email,
    account,
    role: 'owner',
  }));
  await operate('user.import-rows', { biller: 'riverton', import: begun.import, rows });
  return begun.import;
}
const apply = (id: string, what: 'users' | 'others' = 'users') =>
  operate<Page>(`user.import-${what}`, { import: id, apply: true });

/** A browser with a session by the portal's word. */
async function browserOf(externalId: string) {
  const { billers, database, sessions } = stage.installation.services;
  const biller = await billers.bySlug('riverton');
  const { id } = await database.db
    .selectFrom('portalUsers')
    .select('id')
    .where('externalId', '=', externalId)
    .executeTakeFirstOrThrow();
  const session = await database.transaction((transaction) =>
    sessions.start(transaction, biller, { id, passwordHash: null, emailKey: null }, undefined),
  );
  return createBrowserLike(stage.installation.server, new Map([[sessionCookie(biller), session ?? '']]));
}

test('a session follows at once: another account is in the next assertion, and a removed user has none', async () => {
  await apply(await begin(['s-1', EMAIL, '901']));
  const browser = await browserOf('s-1');
  expect(requirePosted(await stage.bring(browser)).xml).toContain('>901<');
  await apply(await begin(['s-1', EMAIL, '902']));
  const after = requirePosted(await stage.bring(browser)).xml;
  expect(after).toContain('>902<');
  expect(after).not.toContain('>901<');
  const id = await begin(['s-2', EMAIL, '903']);
  await apply(id);
  expect(await apply(id, 'others')).toMatchObject({ removed: 1, next: null });
  expect(await operate('session.list', { biller: 'riverton' })).toEqual([]);
});

test('a portal’s user who is disabled or removed by an operator is signed out at once', async () => {
  await apply(await begin(['x-1', EMAIL, '901'], ['x-2', 'two@example.com', '902']));
  const who = (externalId: string) => ({ biller: 'riverton', source: 'portal', externalId });
  const [one, two] = [await browserOf('x-1'), await browserOf('x-2')];
  await operate('user.disable', who('x-1'));
  await operate('user.remove', who('x-2'));
  expect(await operate('session.list', { biller: 'riverton' })).toEqual([]);
  // Enabled again, so that only the end of the session keeps them out.
  await operate('user.enable', who('x-1'));
  for (const browser of [one, two]) expect((await stage.bring(browser)).headers.location).toMatch(/^\/login/);
});

test('an import that another one of the same users has followed is over, and does nothing more', async () => {
  const first = await begin(['o-1', EMAIL, '1']);
  const second = await begin(['o-2', EMAIL, '1']);
  await expect(apply(first)).rejects.toMatchObject({ code: 'import_over' });
  await expect(apply(first, 'others')).rejects.toMatchObject({ code: 'import_over' });
  await operate('user.import-end', { import: second });
  await expect(apply(second)).rejects.toMatchObject({ code: 'import_over' });
});

test('rows that contradict each other are not applied, even if nobody compared them first', async () => {
  const id = await begin(['c-1', EMAIL, '1'], ['c-2', EMAIL, '1'], ['c-2', 'other@example.com', '2']);
  await expect(apply(id)).rejects.toMatchObject({ code: 'import_wrong' });
  expect(await operate<Page>('user.import-users', { import: id, apply: false })).toMatchObject({ wrong: 1 });
});

test('who came after the import began is not removed by it', async () => {
  const id = await begin(['n-1', EMAIL, '1']);
  const { billers, portalUsers } = stage.installation.services;
  const by = { billerId: (await billers.bySlug('riverton')).id, actor: 'test', reference: 'test' };
  await portalUsers.put({ id: 'n-2', email: EMAIL, accounts: [] }, by);
  await apply(id);
  await apply(id, 'others');
  expect(await portalUsers.find(by, 'n-2')).toBeDefined();
});

test('a disabled user stays disabled when the portal’s file names them', async () => {
  await apply(await begin(['d-1', EMAIL, '1']));
  const { db } = stage.installation.services.database;
  await db.updateTable('portalUsers').set({ disabled: true }).where('externalId', '=', 'd-1').execute();
  await apply(await begin(['d-1', EMAIL, '2']));
  const found = db.selectFrom('portalUsers').select('disabled').where('externalId', '=', 'd-1');
  expect(await found.executeTakeFirst()).toEqual({ disabled: true });
});

test('what a killed import has left is deleted after a day', async () => {
  await begin(['k-1', EMAIL, '1']);
  const rows = () => stage.installation.services.database.db.selectFrom('userImportRows').select('line').execute();
  expect(await rows()).toHaveLength(1);
  await stage.installation.services.tidy();
  expect(await rows()).toHaveLength(1);
  stage.pass(25 * 3600_000);
  await stage.installation.services.tidy();
  expect(await rows()).toEqual([]);
});
