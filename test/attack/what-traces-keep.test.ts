import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/http/log.ts';
import { launchBody } from '../support/api/launch.ts';
import { createPortalApi, type PortalApi } from '../support/api/portal-api.ts';
import { useStage } from '../support/stage.ts';

const logged: string[] = [];
const stage = useStage({
  logger: createLogger('info', { write: (line: string) => void logged.push(line) }),
  billerInput: { settings: { portalUrl: 'https://portal.example/' } },
});
let portal: PortalApi;
beforeAll(async () => {
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(stage.installation.server, (added as { key: string }).key);
});

const { user } = launchBody();
const SECRET = 'SECRET';
test.each<[string, unknown, Record<string, string>?]>([
  ['an account', launchBody({ account: `${SECRET}-99` })],
  ['an ID', launchBody({ user: { ...user, id: ` ${SECRET} ` } })],
  ['an account number', launchBody({ user: { ...user, accounts: [{ number: ` ${SECRET}`, role: 'owner' }] } })],
  ['a role', launchBody({ user: { ...user, accounts: [{ number: '1', role: `4111 ${SECRET}` }] } })],
  ['an address', launchBody({ returnUrl: `https://evil.example/${SECRET}?token=${SECRET}` })],
  ['the name of a field, as a key in the wrong place', launchBody({ [SECRET]: 1 })],
  ['the name of a field inside', launchBody({ user: { ...user, [SECRET]: 1 } })],
  ['an email', launchBody({ user: { ...user, email: `${SECRET} no email` } })],
  ['an Idempotency-Key', launchBody(), { 'idempotency-key': `${SECRET} é` }],
  ['what is no JSON', `{"a": ${SECRET} }`],
])('%s that is refused is named to the caller, and kept nowhere', async (_what, body, headers) => {
  const answer = await portal.call('POST', '/api/launches', body, headers);
  expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  const { reference } = answer.json() as { reference: string };
  const { db } = stage.installation.services.database;
  const trace = async () =>
    (
      await sql<{
        text: string;
      }>`select to_jsonb(t)::text as text from sign_on_traces t where reference = ${reference}`.execute(db)
    ).rows[0]?.text;
  await expect.poll(trace, { timeout: 10_000 }).toContain(reference);
  expect(await trace()).not.toContain(SECRET);
  expect(logged.filter((line) => line.includes(SECRET))).toEqual([]);
  const audit = await sql<{ text: string }>`select details::text as text from audit_events`.execute(db);
  expect(audit.rows.filter(({ text }) => text.includes(SECRET))).toEqual([]);
});
