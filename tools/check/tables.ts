import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The queries that read a table of another folder, because a join does in one round trip what would take one query per
 * row. They only read: changing another folder's table is never allowed.
 */
const ALLOWED_JOINS: Readonly<Record<string, readonly string[]>> = {
  // Events, traces, keys and warnings are shown under the short name of their biller.
  'src/core/audit/store.ts': ['billers'],
  // An assertion is committed only while what it relies on is so: checked by the statement that commits it.
  'src/core/audit/append-statements.ts': ['billers', 'signing_keys', 'sessions', 'portal_users'],
  'src/core/keys/store.ts': ['billers'],
  'src/core/expiry/store.ts': ['billers', 'signing_keys'],
  'src/diagnostics/traces/store.ts': ['billers'],
  // Findings are shown under the short name of their biller, and a biller without a check is due.
  'src/integrations/sp-metadata/store.ts': ['billers'],
  // Whether each biller has a usable key, in one round trip for each probe of readiness.
  'src/core/keys/active-keys.ts': ['billers'],
  // Who may still have a one-time URL, of all billers in one query.
  'src/core/keys/publication/lasting-url.ts': ['billers'],
  // Which biller a key belongs to, in one round trip on every call of the API.
  'src/core/api-keys/store.ts': ['billers'],
  // Whose launch a ticket begins, in one round trip.
  'src/core/launches/store.ts': ['portal_users', 'billers'],
  // The status of a rotation, of all billers in one query, with the portal user who is the canary.
  'src/core/keys/status.ts': ['billers', 'portal_users'],
  // Who is signed in, with their accounts: one round trip on every sign-on.
  'src/core/sessions/store.ts': ['portal_users', 'accounts'],
};

/** One table that a file names in a query, though another folder owns it. */
export interface ForeignTable {
  readonly file: string;
  readonly table: string;
  readonly owner: string;
  readonly changes: boolean;
}

/** The files of a tree, by path: src/core/billers/store.ts and so on. */
export type Sources = ReadonlyMap<string, string>;

/** @param root folder of the repository @returns every source file of the service */
export function readSources(root: string): Sources {
  const files = globSync('src/**/*.ts', { cwd: root }).map((file) => file.replaceAll('\\', '/'));
  return new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

/** The folder that owns what is in a file: two levels below src, e.g. src/core/keys. */
const folderOf = (file: string) => file.split('/').slice(0, 3).join('/');

const snakeCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** @returns the owner of each table, as the schema.ts files declare them; by both spellings of its name */
export function tableOwners(sources: Sources): Map<string, string> {
  const owners = new Map<string, string>();
  for (const [file, text] of sources) {
    if (!file.endsWith('/schema.ts')) continue;
    const [, declared = ''] = /interface Tables \{([^}]*)\}/.exec(text) ?? [];
    for (const [, name = ''] of declared.matchAll(/(\w+):/g)) {
      owners.set(name, folderOf(file));
      owners.set(snakeCase(name), folderOf(file));
    }
  }
  return owners;
}

const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
/** A table in a call of Kysely. */
const CALL = /\b(selectFrom|insertInto|updateTable|deleteFrom|mergeInto|using|\w+Join)\(\s*\[?\s*['"`](\w+)/g;
/** A table in SQL as text. */
const SQL = /\b(from|join|insert into|update|delete from|truncate|lock table)\s+"?(\w+)"?/gi;
const CHANGES = /^(insertInto|updateTable|deleteFrom|mergeInto|insert into|update|delete from|truncate|lock table)$/i;

/** @returns the tables of other folders that the queries of the sources name, in order */
export function foreignTables(sources: Sources): ForeignTable[] {
  const owners = tableOwners(sources);
  return [...sources].flatMap(([file, text]) => {
    const code = text.replaceAll(COMMENT, '');
    return [...code.matchAll(CALL), ...code.matchAll(SQL)].flatMap(([, verb = '', table = '']) => {
      const owner = owners.get(table);
      if (owner === undefined || owner === folderOf(file)) return [];
      return [{ file, table, owner, changes: CHANGES.test(verb) }];
    });
  });
}

/**
 * Compares what the queries name with the list of allowed joins.
 *
 * @returns one sentence for each table that a query may not name, and for each allowed join that is not used any more
 */
export function tableProblems(sources: Sources, allowed = ALLOWED_JOINS): string[] {
  const found = foreignTables(sources);
  const wrong = found.filter(({ file, table, changes }) => changes || !allowed[file]?.includes(snakeCase(table)));
  const unused = Object.entries(allowed).flatMap(([file, tables]) =>
    tables
      .filter((table) => !found.some((each) => each.file === file && snakeCase(each.table) === table))
      .map((table) => `${file} does not read ${table}: remove it from the allowed joins in tools/check/tables.ts.`),
  );
  const sentences = wrong.map(
    ({ file, table, owner, changes }) =>
      `${file} ${changes ? 'changes' : 'reads'} the table ${snakeCase(table)}: ask the store in ${owner} instead.`,
  );
  return [...new Set([...sentences, ...unused])];
}

if (import.meta.main) {
  const problems = tableProblems(readSources(process.cwd()));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
