import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRows } from '../../../../../../src/admin/cli/commands/user/import/read-rows.ts';
import { createImports, HEADING, type Imports, linesOf } from './users.ts';

let imports: Imports;
beforeAll(async () => {
  imports = await createImports();
});
afterAll(() => imports?.remove());

const ROW = 'u-1,a@example.com,1,owner';
const rows = (...lines: string[]) => [HEADING, ...lines].join('\n');
const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);

test.each([
  ['an empty file', '', 'line 1: the file is empty; its first line must name the columns'],
  ['a heading alone', `${HEADING}\n`, 'there is no user in the file.'],
  ['semicolons', rows(ROW).replaceAll(',', ';'), 'separated by semicolons; they must be separated by commas.'],
  ['tabs', rows(ROW).replaceAll(',', '\t'), 'separated by tabs; they must be separated by commas.'],
  ['no heading', ROW, 'line 1: there is no column "u-1"; the columns must be external-id, email, account, role.'],
  ['a missing column', 'email,external-id,account\n', 'line 1: the column role is missing; the first line must name'],
  ['an unknown column', `${HEADING},name\n${ROW},Pat`, 'line 1: there is no column "name"'],
  ['a column twice', `${HEADING},Email\n${ROW},x`, 'line 1: the column "Email" is there twice.'],
  ['too few fields', rows(ROW, 'u-2,b@example.com,2'), 'line 3: has 3 fields; the first line has 4.'],
  ['a wrong email', rows('u-1,nobody,1,owner'), 'line 2: email "n•••y (6 characters)": must be an email address'],
  ['white space', rows('u-1, a@example.com,1,owner'), 'must be an email address'],
  ['a wrong role', rows('u-1,a@example.com,1,9 lives'), 'line 2: role "9 lives": must begin with a letter'],
  ['no role', rows('u-1,a@example.com,1,'), 'line 2: role "": must begin with a letter'],
  ['no account', rows('u-1,a@example.com,,owner'), 'line 2: account "": must have 1 to 100 characters'],
  [
    'a control character',
    rows('u-1,a@example.com,1\u001b[2J,owner'),
    'line 2: account "1\\u{1b}[2J": must have 1 to 100',
  ],
  ['a line end in an account', rows('u-1,a@example.com,"1\n2",owner'), 'line 2: account "1\\u{a}2": must have'],
  ['a NUL', rows('u-1,a@example.com,1\0,owner'), 'is not text: it contains NUL bytes.'],
  ['no ID', rows(',a@example.com,1,owner'), 'line 2: external-id "": must have at least 1 character.'],
  ['a long ID', rows(`${'x'.repeat(256)},a@example.com,1,owner`), 'must have at most 255 characters.'],
  [
    'an ID like an email',
    rows(` pat@example.com,a@example.com,1,owner`),
    'external-id " p•••m (15 characters)": must have no',
  ],
  [
    'two emails',
    rows(ROW, 'u-1,b@example.com,2,owner'),
    'line 3: email "b•••m (13 characters)": is another one than in line 2',
  ],
  [
    'a row twice',
    rows(ROW, 'u-2,b@example.com,1,owner', ROW),
    'line 4: account "1": is given to this user twice: line 2 has it too.',
  ],
  [
    'two roles',
    rows(ROW, 'u-1,a@example.com,1,tenant'),
    'line 3: account "1": is given to this user twice: line 2 has it with another role.',
  ],
  [
    'an open quote',
    rows(ROW, '"u-2,b@example.com,2,owner'),
    'line 3: a quote is never closed. What follows was not checked.',
  ],
  ['a quote inside', rows(ROW, 'u"2,b@example.com,2,owner'), 'line 3: a quote is inside a field'],
  ['Latin-1', Buffer.from(rows(ROW, 'u-2,é@example.com,2,owner'), 'latin1'), 'is not UTF-8 text: see line 3.'],
  ['a cut character', Buffer.concat([Buffer.from(rows(ROW)), Buffer.from([0xc3])]), 'is not UTF-8 text: see line 2.'],
  ['UTF-16', utf16(rows(ROW)), 'is UTF-16, as Windows PowerShell writes it with >.'],
])('%s is refused with the place and what is accepted, and nothing is done', async (_, content, complaint) => {
  imports.writeBytes(content);
  const outcome = await imports.run();
  expect(outcome.stderr).toContain(complaint);
  expect(outcome).toMatchObject({ code: 2, stdout: '' });
  expect(outcome.stderr).not.toMatch(/\b[ab]@example\.com/);
  expect(outcome.stderr).not.toContain('\u001b');
  expect(await imports.counts()).toMatchObject({ users: 0, accounts: 0, added: 0, left: 0 });
});

test.each([
  ['a byte order mark and CRLF', `\ufeff${rows(ROW).replaceAll('\n', '\r\n')}\r\n`],
  ['CR alone', rows(ROW, '').replaceAll('\n', '\r')],
  ['another order and spelling of the columns', 'Role,EMAIL,External ID,Account\nowner,a@example.com,u-1,1\n'],
  ['quotes around everything', rows('"u-1","a@example.com","1","owner"')],
  ['empty lines and rows of commas', rows('', ROW, ',,,', '')],
])('%s is read', async (_, content) => {
  imports.writeBytes(content);
  expect(await imports.run('--json')).toMatchObject({ code: 0 });
  const accounts = ['1:owner'];
  expect(await imports.stored()).toEqual([{ source: 'portal', id: 'u-1', email: 'a@example.com', accounts }]);
  await imports.clear();
});

test('a line of 50 MB is refused without being kept', async () => {
  imports.writeBytes(Buffer.concat([Buffer.from(rows(ROW, '')), Buffer.alloc(50 * 1024 * 1024, 'x')]));
  const outcome = await imports.run();
  expect(outcome.stderr).toContain('line 3: the record is too long; it must have at most 65,536 characters.');
  expect(outcome.code).toBe(2);
});

test('a thousand wrong lines are counted, and the first hundred are listed, also with --json', async () => {
  imports.write(...Array.from({ length: 1_000 }, (_, n) => `u-${n},nobody,${n},owner`));
  const outcome = await imports.run('--json');
  expect(outcome.code).toBe(2);
  expect(outcome.stderr.match(/^line \d+:/gm)).toHaveLength(100);
  expect(outcome.stderr).toContain('1,000 problems in');
  const { problems, wrong } = JSON.parse(outcome.stdout) as { problems: object[]; wrong: number };
  expect([problems.length, problems[0], wrong]).toMatchObject([100, { line: 2, column: 'email' }, 1_000]);
});

test('one wrong line among many keeps all of them out, also with --replace', async () => {
  imports.write(...linesOf(10));
  await imports.run();
  imports.write('u-1,nobody,1,owner');
  expect(await imports.run('--replace', '--yes')).toMatchObject({ code: 2 });
  expect(await imports.counts()).toMatchObject({ users: 10, removed: 0 });
  await imports.clear();
});

test('a file that changes while it is read is refused', async () => {
  imports.write(...linesOf(30_000));
  const reading = readRows(imports.file);
  await reading.next();
  appendFileSync(imports.file, 'u-x,x@example.com,1,owner\n');
  await expect(Array.fromAsync(reading)).rejects.toThrow('was changed while it was read. Run the command again.');
});

test.each([
  [['user', 'import', 'riverton', '/no/such.csv'], "can't be read"],
  [['user', 'import', 'riverton', '/'], 'is a folder; it must be a file.'],
  [['user', 'import', 'nowhere', '/no/such.csv'], 'There is no biller "nowhere".'],
  [['user', 'import', 'riverton', '-', '--source', 'directory'], 'Allowed choices are portal, oidc'],
])('%j is refused', async (words, complaint) => {
  expect(await imports.command(...words)).toMatchObject({ code: 2, stderr: expect.stringContaining(complaint) });
});
