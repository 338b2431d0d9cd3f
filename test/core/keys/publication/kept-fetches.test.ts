import { expect, test } from 'vitest';
import { useStage } from '../../../support/stage.ts';

const DAY_MS = 24 * 3600_000;
const stage = useStage();

test('after a month, only the newest thousand fetches of a biller are kept, and none of another one is lost', async () => {
  await stage.addBiller('lakeside');
  const { billers, fetches, database } = stage.installation.services;
  const note = async (slug: string, client: string) => {
    const billerId = (await billers.bySlug(slug)).id;
    const fetch = { billerId, address: '192.0.2.1', client, status: 200, certificates: [], monitor: false };
    fetches.note(Promise.resolve({ ...fetch, oneTime: false, known: true }));
  };
  for (let times = 0; times < 1_200; times += 1) {
    // So many are recorded in a minute.
    if (times % 50 === 0) stage.pass(60_000);
    await note('riverton', `client ${times}`);
  }
  await note('lakeside', 'the only one');
  await fetches.drained();
  stage.pass(31 * DAY_MS);
  await note('riverton', 'the newest');
  await fetches.drained();
  const clients = async (slug: string) => {
    const rows = await database.db
      .selectFrom('metadataFetches')
      .select('client')
      .where('billerId', '=', (await billers.bySlug(slug)).id)
      .execute();
    return rows.map(({ client }) => client);
  };
  expect(await clients('riverton')).toHaveLength(1_201);
  await fetches.deleteExpired();
  expect(await clients('riverton')).toHaveLength(1_000);
  expect(await clients('riverton')).toContain('the newest');
  expect(await clients('lakeside')).toEqual(['the only one']);
  stage.pass(400 * DAY_MS);
  await fetches.deleteExpired();
  expect([await clients('riverton'), await clients('lakeside')]).toEqual([[], []]);
});
