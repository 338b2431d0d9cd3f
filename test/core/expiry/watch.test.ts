import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import { errorCodeOf, requirePosted } from '../../support/browser/browser-like.ts';
import { createTestStorage } from '../../support/postgres/storage.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const DAY = 86_400_000;
const stage = useStage();
let slug = '';
let number = 0;

beforeEach(async () => {
  stage.holdClock(Date.now());
  number += 1;
  slug = `biller-${number}`;
  await stage.installation.addBiller(slug, { keyType: 'EC-P256' });
});
const look = async () =>
  (await stage.installation.services.expiry.look()).filter(({ biller }) => biller === slug).map(({ days }) => days);
/** Sets the clock to this many days before the biller's active certificate expires. */
async function leave(days: number): Promise<void> {
  const { active } = await stage.installation.services.keys.ofBiller(
    (await stage.installation.services.billers.bySlug(slug)).id,
  );
  stage.holdClock((active?.notAfter.getTime() ?? 0) - days * DAY);
}
const deliveries = () => stage.installation.services.database.db.selectFrom('expiryWarnings').selectAll().execute();

test('warns at 60, 30, 7 days and 1 day, once each, no matter how often it checks', {
  meta: { holds: ['IDP-091'], source: 'project rule' },
}, async () => {
  const given: number[] = [];
  for (const days of [100, 61, 60, 59.5, 31, 30, 29, 8, 7, 6, 2, 1, 0.5]) {
    await leave(days);
    given.push(...(await look()), ...(await look()));
  }
  expect(given).toEqual([60, 30, 7, 1]);
  const events = (await stage.installation.operate('audit.list', {
    biller: slug,
    event: 'key.expiry_warned',
  })) as unknown[];
  expect(events).toHaveLength(4);
});

test('a key with few days left at its first check gets one warning, not all that it missed', {
  meta: { holds: ['IDP-091'], source: 'project rule' },
}, async () => {
  await leave(5);
  expect(await look()).toEqual([7]);
  expect(await look()).toEqual([]);
});

test('if two instances check at the same time, only one warns', {
  meta: { holds: ['IDP-091'], source: 'project rule' },
}, async () => {
  const storage = await createTestStorage('postgresql');
  const both = [await storage.open(), await storage.open()];
  try {
    const [one] = both;
    const input = { slug: 'shared', name: 'Shared', billerGuid: crypto.randomUUID(), keyType: 'EC-P256' };
    const provider = { entityId: 'https://sp.example', acs: ['https://sp.example/acs'], sameServiceProvider: true };
    if (one === undefined) throw new Error('there is no instance');
    await runNamed(one.services, 'biller.add', { ...input, ...provider }, actorWithEveryRole('test'));
    const soon = new Date(Date.now() + 20 * DAY);
    await one.database.db.updateTable('signingKeys').set({ notAfter: soon }).execute();
    const notices = await Promise.all(both.map(({ services }) => services.expiry.look()));
    expect(notices.flat()).toMatchObject([{ biller: 'shared', days: 30 }]);
  } finally {
    for (const connection of both) await connection.close();
    await storage.remove();
  }
});

test('a schedule stages a key automatically, once, and never activates it', async () => {
  await stage.installation.operate('biller.update', { slug, settings: { stageDaysBefore: 45 } });
  await leave(46);
  await look();
  const states = async () => {
    const keys = (await stage.installation.operate('key.list', { biller: slug })) as { state: string }[];
    return keys.map(({ state }) => state);
  };
  expect(await states()).toEqual(['active']);
  await leave(45);
  await look();
  await look();
  expect(await states()).toEqual(['active', 'staged']);
  const [event] = (await stage.installation.operate('audit.list', { biller: slug, event: 'key.staged' })) as {
    details: { actor: string };
  }[];
  expect(event?.details.actor).toBe('schedule');
});

test.each([
  ['sign', 200, 'ok'],
  ['refuse', 503, 'not ready'],
])(
  'with an expired active key and the setting "%s", sign-on returns %i, and readiness reports it',
  { meta: { holds: ['IDP-092'], source: 'project rule' } },
  async (expiredKey, status, readiness) => {
    // Readiness covers all billers; the others' certificates have expired too.
    for (const biller of (await stage.installation.operate('biller.list', {})) as { slug: string }[]) {
      if (biller.slug !== slug) await stage.installation.operate('biller.remove', { slug: biller.slug });
    }
    await stage.installation.operate('biller.update', { slug, settings: { expiredKey } });
    await stage.installation.addUser(slug, EMAIL, PASSWORD, ['101Invoice']);
    await leave(-1);
    const answer = await stage.bring(await stage.signedIn(slug), {}, undefined, slug);
    expect(answer.statusCode).toBe(status);
    if (status === 200) requirePosted(answer);
    else expect(errorCodeOf(answer)).toBe('signing_key_unavailable');
    const health = await stage.installation.server.inject('/health/ready');
    expect([health.statusCode, health.json().status]).toEqual([status, readiness]);
    expect(health.json().checks[1]).toEqual({ name: 'keys', ok: false, problems: 1 });
    const findings = (await stage.installation.operate('doctor', {})) as { finding: string }[];
    expect(findings.map(({ finding }) => finding)).toContain(`the active certificate of biller ${slug} has expired`);
  },
);

describe('the webhook', () => {
  let receiver: Server;
  let url: string;
  let secret: string;
  /** How the receiver treats a delivery: a status, or cutting the connection after reading it all. */
  let answer: number | 'cut' = 200;
  const received: { body: string; signature: string }[] = [];

  beforeAll(async () => {
    receiver = createServer(async (request, response) => {
      received.push({ body: await text(request), signature: String(request.headers['ic-idp-signature']) });
      if (answer === 'cut') request.socket.destroy();
      else response.writeHead(answer, { connection: 'close' }).end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    ({ secret } = (await stage.installation.operate('webhook.set', { url })) as { secret: string });
  });
  afterAll(async () => {
    await stage.installation.operate('webhook.remove', {});
    receiver.closeAllConnections();
    receiver.close();
  });
  beforeEach(async () => {
    await stage.installation.services.database.db.deleteFrom('expiryWarnings').execute();
    received.length = 0;
    answer = 200;
  });
  /** The delivery state of the warning at 30 days. */
  const deliveryOf = async () => {
    const biller = await stage.installation.services.billers.bySlug(slug);
    return stage.installation.services.database.db
      .selectFrom('expiryWarnings')
      .innerJoin('signingKeys', 'signingKeys.id', 'expiryWarnings.keyId')
      .select(['expiryWarnings.delivery', 'expiryWarnings.attempts'])
      .where('signingKeys.billerId', '=', biller.id)
      .where('expiryWarnings.days', '=', 30)
      .executeTakeFirst();
  };
  const mine = () => received.filter(({ body }) => (JSON.parse(body) as { biller: string }).biller === slug);

  test('a delivery says what expires when, and is signed so that the receiver can verify it', {
    meta: { holds: ['IDP-091'], source: 'project rule' },
  }, async () => {
    await leave(25);
    await look();
    await look();
    const [delivery, ...others] = mine();
    expect(others).toEqual([]);
    expect(JSON.parse(delivery?.body ?? '{}')).toMatchObject({ event: 'key.expiry_warned', biller: slug, days: 30 });
    const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(delivery?.signature ?? '') ?? [];
    const expected = createHmac('sha256', Buffer.from(secret, 'base64'))
      .update(`${seconds}.${delivery?.body}`)
      .digest('hex');
    expect(hex).toBe(expected);
    expect(Math.abs(Number(seconds) * 1000 - stage.now())).toBeLessThan(2_000);
  });

  test('one that was certainly not accepted is retried at growing intervals, and finally given up', {
    meta: { holds: ['IDP-091'], source: 'project rule' },
  }, async () => {
    answer = 503;
    await leave(25);
    await look();
    await look();
    expect(mine()).toHaveLength(1);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      stage.pass(2 * DAY);
      await look();
    }
    expect((await deliveryOf())?.delivery).toBe('given_up');
    const first = mine().filter(({ body }) => (JSON.parse(body) as { days: number }).days === 30);
    expect(first).toHaveLength(12);
  });

  test('one that may have been accepted is never sent again', {
    meta: { holds: ['IDP-091'], source: 'project rule' },
  }, async () => {
    answer = 'cut';
    await leave(25);
    await look();
    expect(await deliveryOf()).toEqual({ delivery: 'unknown', attempts: 1 });
    answer = 200;
    stage.pass(DAY);
    await look();
    expect(mine()).toHaveLength(1);
  });

  test('one that was interrupted by the end of the process is never sent again', {
    meta: { holds: ['IDP-091'], source: 'project rule' },
  }, async () => {
    await leave(25);
    answer = 503;
    await look();
    await stage.installation.services.database.db
      .updateTable('expiryWarnings')
      .set({ delivery: 'sending', nextAttempt: new Date(stage.now()) })
      .execute();
    stage.pass(10 * 60_000);
    await look();
    expect((await deliveries()).map(({ delivery }) => delivery)).not.toContain('sending');
    expect((await deliveryOf())?.delivery).toBe('unknown');
    expect(mine()).toHaveLength(1);
  });

  test('a test delivery reports whether it was accepted', async () => {
    expect(await stage.installation.operate('webhook.test', {})).toEqual({ url, sent: 'delivered' });
    answer = 500;
    expect(await stage.installation.operate('webhook.test', {})).toMatchObject({
      url,
      sent: 'refused',
      reason: expect.stringMatching(/^it answered \d{3}/),
    });
  });
});
