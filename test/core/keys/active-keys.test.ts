import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { type ActiveKey, createFindDamagedKeys } from '../../../src/core/keys/active-keys.ts';
import { createMasterKey } from '../../../src/core/secrets/master-key.ts';
import { newMasterKey } from '../../../src/core/secrets/master-key-source.ts';
import { sealContext } from '../../../src/core/secrets/seal-context.ts';
import type { Database } from '../../../src/platform/database/database.ts';

const masterKey = createMasterKey(newMasterKey());
/** The longest that the check may keep the event loop, in keys. */
const MOST_AT_ONCE = 200;

interface Row {
  readonly key_id: string;
  readonly biller_id: string;
  version: string;
  sealed: Buffer;
}

function sealedRow(): Row {
  const [key_id, biller_id] = [randomUUID(), randomUUID()];
  return { key_id, biller_id, version: '1', sealed: masterKey.seal(Buffer.alloc(64), sealContext(biller_id, key_id)) };
}

/** A database of sealed keys that answers in a later turn of the event loop, as one over a network does. */
function setUp(rows: readonly Row[], opens = vi.fn(masterKey.opens)) {
  const query = vi.fn(async (_statement: unknown, [ids]: [readonly string[]]) => {
    await setImmediate();
    return rows.filter(({ key_id }) => ids.includes(key_id));
  });
  const find = createFindDamagedKeys({ query } as unknown as Database, { opens });
  return { find: () => find(rows as unknown as ActiveKey[]), opens, query };
}

test('each of many keys is opened once, and other work gets its turn every 200 keys', async () => {
  const rows = Array.from({ length: 2_050 }, sealedRow);
  let inThisTurn = 0;
  let most = 0;
  const opens = vi.fn((sealed: Uint8Array, context: string) => {
    inThisTurn += 1;
    most = Math.max(most, inThisTurn);
    return masterKey.opens(sealed, context);
  });
  const { find, query } = setUp(rows, opens);
  let checking = true;
  const otherWork = (async () => {
    while (checking) {
      await setImmediate();
      inThisTurn = 0;
    }
  })();
  expect(await find()).toEqual(new Set());
  checking = false;
  await otherWork;
  expect(opens).toHaveBeenCalledTimes(rows.length);
  expect(most).toBeLessThanOrEqual(MOST_AT_ONCE);
  query.mockClear();
  expect(await find()).toEqual(new Set());
  expect(query).not.toHaveBeenCalled();
});

test('a key that was damaged or sealed with another master key is found, also after it was verified', async () => {
  const rows = Array.from({ length: 3 }, sealedRow);
  const [first, second, third] = rows as [Row, Row, Row];
  const { find, opens } = setUp(rows);
  second.sealed[40] = (second.sealed[40] ?? 0) ^ 1;
  third.sealed = createMasterKey(newMasterKey()).seal(Buffer.alloc(64), sealContext(third.biller_id, third.key_id));
  expect(await find()).toEqual(new Set([second.key_id, third.key_id]));
  // Moved to another row, a seal does not open either.
  first.version = '2';
  first.sealed = masterKey.seal(Buffer.alloc(64), sealContext(first.biller_id, second.key_id));
  expect(await find()).toEqual(new Set(rows.map(({ key_id }) => key_id)));
  Object.assign(first, {
    version: '3',
    sealed: masterKey.seal(Buffer.alloc(64), sealContext(first.biller_id, first.key_id)),
  });
  opens.mockClear();
  expect(await find()).toEqual(new Set([second.key_id, third.key_id]));
  expect(opens).toHaveBeenCalledTimes(3);
  expect(await find()).toEqual(new Set([second.key_id, third.key_id]));
  expect(opens).toHaveBeenCalledTimes(5);
});
