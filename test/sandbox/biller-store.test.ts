import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Biller } from '../../sandbox/billers/biller.ts';
import { BillerStore } from '../../sandbox/billers/biller-store.ts';

const biller = { guid: '0f8fad5b-d9cb-469f-a165-70867728950e', name: 'Riverton Water' } as Biller;

test('a store makes the folders of its file, and one in a folder that can’t be made fails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
  try {
    const file = join(folder, 'one', 'two', 'billers.json');
    await (await BillerStore.open(file)).save(biller);
    expect(existsSync(file)).toBe(true);
    await expect((await BillerStore.open('/proc/nowhere/billers.json')).save(biller)).rejects.toThrow('ENOENT');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
