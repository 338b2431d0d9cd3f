import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foreignTables, readSources, tableOwners, tableProblems } from '../../tools/check/tables.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const SCHEMAS = [
  ['src/core/billers/schema.ts', 'declare module "x" {\n  interface Tables {\n    billers: BillersTable;\n  }\n}'],
  ['src/core/keys/schema.ts', 'interface Tables {\n  signingKeys: SigningKeysTable;\n  keyRequests: X;\n}'],
] as const;
const STORE = 'src/core/audit/store.ts';
const sources = (text: string, file: string = STORE) => new Map<string, string>([...SCHEMAS, [file, text]]);

test('every table of the service has an owner, and only allowed joins name a table of another folder', () => {
  const all = readSources(ROOT);
  const owners = tableOwners(all);
  expect(owners.get('signingKeys')).toBe('src/core/keys');
  expect(owners.get('signing_keys')).toBe('src/core/keys');
  expect(owners.get('metadata_fetches')).toBe('src/core/keys');
  expect(tableProblems(all)).toEqual([]);
});

test.each([
  `db.selectFrom('signingKeys').selectAll()`,
  `db.selectFrom('auditEvents')\n  .innerJoin(\n    'signingKeys', 'a', 'b')`,
  `db.selectFrom(['signingKeys', 'x'])`,
  'query(`select * from signing_keys where id = $1`)',
  'query(`select 1 from audit_events a\n  left join signing_keys k on true`)',
])('a query that reads the table of another folder is found: %s', (text) => {
  expect(tableProblems(sources(text), {})).toEqual([
    `${STORE} reads the table signing_keys: ask the store in src/core/keys instead.`,
  ]);
  expect(tableProblems(sources(text), { [STORE]: ['signing_keys'] })).toEqual([]);
});

test.each([
  `db.insertInto('signingKeys').values(key)`,
  `db.updateTable('signingKeys')`,
  `db.deleteFrom('signingKeys')`,
  'query(`update signing_keys set state = $1`)',
  'query(`insert into signing_keys (id) values ($1)`)',
  'query(`delete from signing_keys`)',
])('a change of another folder’s table is never allowed: %s', (text) => {
  expect(tableProblems(sources(text), { [STORE]: ['signing_keys'] })).toContain(
    `${STORE} changes the table signing_keys: ask the store in src/core/keys instead.`,
  );
});

test.each([
  ['its own table', `db.selectFrom('signingKeys')`, 'src/core/keys/publication/one-time-metadata.ts'],
  ['a comment', `// select from signing_keys\n/* db.selectFrom('billers') */`, STORE],
  ['a word that is no table', 'Invite them from accounts; selectFrom(name)', STORE],
])('%s is not', (_what, text, file) => {
  expect(foreignTables(sources(text, file))).toEqual([]);
});

test('an allowed join that is not used any more must be removed', () => {
  expect(tableProblems(sources(''), { [STORE]: ['billers'] })).toEqual([
    `${STORE} does not read billers: remove it from the allowed joins in tools/check/tables.ts.`,
  ]);
});
