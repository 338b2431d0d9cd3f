import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestStorage, type TestStorage } from '../support/postgres/storage.ts';
import { runCli } from '../support/programs/cli.ts';
import { endService, startService } from '../support/programs/service.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await createTestStorage();
});
afterAll(() => storage.remove());

test('wide trust in proxies is warned of at the start, and by doctor', async () => {
  const env = { ...storage.environment, TRUST_PROXY: '10.0.0.0/8' };
  const finding = 'TRUST_PROXY trusts every client in 10.0.0.0/8: each can claim any address';
  const service = await startService(env, storage.folder);
  await service.logged(`${finding}; list the proxies' own addresses`);
  await endService(service);
  const { code, stdout } = await runCli(['doctor'], { folder: storage.folder, env });
  expect(code).toBe(0);
  expect(stdout).toContain(`warning  TRUST_PROXY: ${finding}`);
  const narrow = { ...storage.environment, TRUST_PROXY: '10.0.0.5' };
  expect((await runCli(['doctor'], { folder: storage.folder, env: narrow })).stdout).not.toContain('TRUST_PROXY');
});
