import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestStorage, type TestStorage } from '../../../../../support/postgres/storage.ts';
import { type Outcome, runCli, startProgram } from '../../../../../support/programs/cli.ts';
import { writeBillers } from './files.ts';

const BILLERS = 500;
const slugs = Array.from({ length: BILLERS }, (_, number) => `biller-${number}`);

let storage: TestStorage;
let client: pg.Client;
let file: string;
beforeAll(async () => {
  storage = await createTestStorage();
  await (await storage.open()).close();
  client = new pg.Client({ connectionString: storage.environment.DATABASE_URL });
  await client.connect();
  file = writeBillers(storage.folder, slugs);
});
afterAll(async () => {
  await client?.end();
  await storage?.remove();
});

const around = () => ({ folder: storage.folder, env: storage.environment });
const run = (...args: string[]) => runCli(['biller', 'import', file, ...args], around());
const json = ({ stdout }: Outcome) => JSON.parse(stdout) as Record<string, unknown> & { added: string[] };

/** Starts the import and signals it once it has added some billers. */
async function interrupted(signal: NodeJS.Signals): Promise<Outcome> {
  const { child, outcome } = startProgram('src/admin/cli/ic-idp.js', ['biller', 'import', file], around());
  for await (const [text] of on(child.stderr)) if (/\[\d*2\d\/\d+\]/.test(text)) break;
  child.kill(signal);
  return outcome;
}

async function* on(stream: NodeJS.ReadableStream): AsyncGenerator<[string]> {
  while (true) yield [String((await once(stream, 'data'))[0])];
}

async function counts() {
  const { rows } = await client.query(`select
    (select count(*)::int from billers) billers,
    (select count(*)::int from signing_keys where state = 'active') keys,
    (select count(*)::int from audit_events where event = 'biller.added') added,
    (select count(*)::int from billers b where not exists
      (select from audit_events where event = 'biller.added' and biller_id = b.id)) unaudited`);
  return rows[0] as { billers: number; keys: number; added: number; unaudited: number };
}

test('500 billers are checked and added; a kill and a Ctrl-C in the middle lose none and repeat none', {
  timeout: 120_000,
}, async () => {
  const checked = await run('--check');
  expect(checked).toMatchObject({ code: 0, stdout: '500 billers: 500 to be added, 0 there already, 0 different.\n' });
  expect(await counts()).toMatchObject({ billers: 0 });

  expect(await interrupted('SIGKILL')).toMatchObject({ code: null });
  await expect
    .poll(async () => (await client.query(`select from pg_stat_activity where datname = current_database()`)).rowCount)
    .toBe(1);
  const killed = await counts();
  expect(killed.billers).toBeGreaterThan(0);
  expect(killed.billers).toBeLessThan(BILLERS);
  expect(killed).toEqual({ billers: killed.billers, keys: killed.billers, added: killed.billers, unaudited: 0 });

  const stopped = await interrupted('SIGINT');
  expect(stopped).toMatchObject({ code: 1, stderr: expect.stringContaining('Run the same command again') });
  expect(stopped.stdout).toMatch(/500 billers: \d+ added, \d+ there already, 0 different, \d+ left\.\n$/);
  const between = await counts();

  const begun = Date.now();
  const finished = await run('--json');
  console.log(`${BILLERS - between.billers} billers in ${Date.now() - begun} ms`);
  expect(finished.code).toBe(0);
  expect(json(finished)).toMatchObject({ there: between.billers, left: 0, different: [], failed: [], problems: [] });
  expect(json(finished).added).toHaveLength(BILLERS - between.billers);
  expect(await counts()).toEqual({ billers: BILLERS, keys: BILLERS, added: BILLERS, unaudited: 0 });

  expect(json(await run('--json'))).toMatchObject({ added: [], there: BILLERS });
});

test('a biller that is different is reported and not changed; the others are still added', async () => {
  const before = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    before
      .replace('Water of biller-7,', 'Sewer of biller-7,')
      .replace('biller-8,', 'another-8,')
      .replaceAll(`${'0'.repeat(11)}8,`, `${'f'.repeat(12)},`),
  );
  const refused = await run();
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is that of the biller "biller-8" too') });
  const outcome = await run('--yes', '--json');
  writeFileSync(file, before);
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toContain('line 9: biller-7 is there already, but different:');
  expect(json(outcome)).toMatchObject({
    added: ['another-8'],
    there: BILLERS - 2,
    different: [{ slug: 'biller-7', differences: [{ what: 'name', before: 'Water of biller-7' }] }],
  });
  const { rows } = await client.query(`select name from billers where slug = 'biller-7'`);
  expect(rows).toEqual([{ name: 'Water of biller-7' }]);
});
