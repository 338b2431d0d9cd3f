import { expect, test } from 'vitest';
import { pathOf } from '../support/api/launch.ts';
import { createPortalApi } from '../support/api/portal-api.ts';
import { EMAIL, useStage } from '../support/stage.ts';

const stage = useStage({ billerInput: { settings: { rotation: 'overlap' } } });
const operate = (name: string, input: Record<string, unknown>) =>
  stage.installation.operate(name, { biller: 'riverton', reason: 'test', ...input });
const keys = () =>
  stage.installation.services.database.db
    .selectFrom('signingKeys')
    .select(['state', 'trust', 'fingerprint', 'canaryUserId'])
    .orderBy('createdAt')
    .execute();
async function prove(verdict: 'accepted' | 'refused') {
  await operate('key.canary', { user: EMAIL });
  await stage.bring(await stage.signedIn());
  await operate('key.judge', { verdict });
}

test('a key is not activated as proven if a refusal is noted at the same moment', async () => {
  await operate('key.stage', {});
  await prove('accepted');
  let activated: Promise<unknown> = Promise.resolve();
  await stage.installation.services.database.transaction(async (transaction) => {
    const staged = transaction.updateTable('signingKeys').where('state', '=', 'staged');
    await staged.set({ trust: 'refused', trustAt: new Date() }).execute();
    activated = operate('key.activate', {}).catch((error: unknown) => error);
    // The operation has read the key, and waits for this transaction.
    const waits = () =>
      stage.installation.services.database.query<{ waiting: number }>(
        {
          name: 'waiting',
          text: `select count(*)::int as waiting from pg_locks where not granted`,
        },
        [],
      );
    await expect.poll(async () => (await waits())[0]?.waiting, { timeout: 10_000 }).toBeGreaterThan(0);
  });
  expect(await activated).toMatchObject({ code: 'key_changed' });
  expect((await keys()).map(({ state, trust }) => [state, trust])).toEqual([
    ['active', null],
    ['staged', 'refused'],
  ]);
});

test('removing the canary by the API ends it, with its event', async () => {
  const added = (await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' })) as {
    key: string;
  };
  const portal = createPortalApi(stage.installation.server, added.key);
  const facts = { email: 'canary@example.com', accounts: [{ number: '1', role: 'owner' }] };
  await portal.call('PUT', '/api/users/u-1', facts);
  await operate('key.canary', { user: 'canary@example.com' });
  expect((await keys()).at(-1)?.canaryUserId).not.toBeNull();
  expect((await portal.call('DELETE', '/api/users/u-1')).statusCode).toBe(204);
  expect((await keys()).at(-1)?.canaryUserId).toBeNull();
  expect((await stage.audited('key.canary_stopped')).details).toMatchObject({ reason: 'the portal user was removed' });
});

test('a one-time URL does not destroy the way back from a key that was refused since it was made', async () => {
  await prove('accepted');
  await operate('key.activate', {});
  await stage.bring(await stage.signedIn());
  const active = (await keys()).find(({ state }) => state === 'active');
  await operate('key.judge', { verdict: 'accepted', fingerprint: active?.fingerprint });
  await stage.installation.operate('biller.update', { slug: 'riverton', settings: { rotation: 'switch-on-fetch' } });
  await operate('key.stage', {});
  const { url } = (await operate('key.hand-over', { hours: 24 })) as { url: string };
  await operate('key.judge', { verdict: 'refused', fingerprint: active?.fingerprint });
  const fetched = await stage.installation.server.inject({ url: pathOf(url), headers: { 'user-agent': 'curl/8' } });
  expect(fetched.statusCode).toBe(410);
  expect((await keys()).map(({ state }) => state)).toEqual(['retiring', 'active', 'staged']);
});
