import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkFile } from '../../../../../../src/admin/cli/commands/biller/biller-import/check.ts';
import { REPEATABLE } from '../../../../../../src/admin/cli/commands/biller/biller-import/columns.ts';
import type { Run } from '../../../../../../src/admin/cli/operate.ts';
import { addProviderOptions } from '../../../../../../src/admin/cli/options/provider-options.ts';
import { addSettingsOptions } from '../../../../../../src/admin/cli/options/settings-options.ts';
import { workingFolder } from '../../../../../support/programs/cli.ts';
import { useStage } from '../../../../../support/stage.ts';
import { guidOf, spMetadata } from './files.ts';

const stage = useStage({ biller: 'taken', billerInput: { keyType: 'EC-P256', billerGuid: guidOf(99) } });
let work: ReturnType<typeof workingFolder>;
let web: Server;
let address: string;
beforeAll(async () => {
  work = workingFolder();
  for (const slug of ['one', 'two']) writeFileSync(join(work.folder, `${slug}.xml`), spMetadata(slug));
  writeFileSync(join(work.folder, 'page.xml'), '<!doctype html><title>Sign in</title>');
  web = createServer((request, response) => {
    if (request.url === '/elsewhere') response.writeHead(302, { location: '/one' }).end();
    else response.end(spMetadata((request.url ?? '').slice(1)));
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => web.once('listening', listening));
  address = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
});
afterAll(() => {
  web?.close();
  work?.remove();
});

/** @returns the problems of a file, one line each */
async function problemsIn(content: string | Buffer, name = 'billers.csv', yes = false): Promise<string[]> {
  const file = join(work.folder, name);
  writeFileSync(file, content);
  const { problems } = await checkFile(stage.installation.operate as Run, file, yes);
  return problems.map(({ place, problem }) => `${place}: ${problem}`);
}

const HEADING = 'slug,name,guid,sp-metadata';
const row = (slug: string, number: number, source = `${slug}.xml`) => `${slug},Water,${guidOf(number)},${source}`;

test('a right file has no problems, with a byte order mark and empty rows too', async () => {
  const lines = [HEADING, row('one', 1), ',,,', row('two', 2, `${address}/two`), ''];
  expect(await problemsIn(`\uFEFF${lines.join('\r\n')}`)).toEqual([]);
});

test('everything that is wrong is reported at once, with line and column', async () => {
  const heading = `${HEADING},sign,clock-skew,session-idle,unsolicited,acs,key-type,module,login-type`;
  const problems = await problemsIn(
    [
      heading,
      `One,Water,no-guid,,,,,,,,,`,
      `,,,missing.xml,everything,,,,,,,`,
      `${row('three', 3, 'page.xml')},,-1,,,,,,`,
      `${row('one', 4)},,9999,0,maybe,,,,`,
      `${row('two', 5)},,,,,https://sp.example/acs,,,`,
      `${row('six', 6, 'two.xml')},,,,,,RSA-1024,yes,owner`,
      `${row('seven', 7, 'two.xml')},,,`,
      `taken,Water,${guidOf(8)},one.xml,,,,,,,,`,
      `nine,Water,{${guidOf(99).toUpperCase()}},${address}/elsewhere,,,,,,,,`,
      `one,Water,${guidOf(3).toUpperCase()},one.xml,,,,,,,yes,`,
    ].join('\n'),
  );
  const expected = [
    /^line 8: has 7 fields; the heading has 12\.$/,
    /^line 2: slug "One": must be 1 to 63 lower-case letters/,
    /^line 2: guid "no-guid": must be the GUID/,
    /^line 3: slug is missing\.$/,
    /^line 3: name is missing\.$/,
    /^line 3: guid is missing\.$/,
    /^line 3: sign "everything": Allowed choices are/,
    /^line 3: sp-metadata "missing\.xml" can't be read: ENOENT|^line 3: sp-metadata ".*missing\.xml" can't be read/,
    /^line 4: clock-skew "-1": It must be a whole number\.$/,
    /^line 4: The SP metadata can't be used: it is a web page/,
    /^line 5: unsolicited "maybe": must be yes or no\.$/,
    /^line 5: clock-skew "9999": must be at most 300\.$/,
    /^line 5: session-idle "0": must be at least 1\.$/,
    /^line 6: Give either the SP metadata, or ACS URLs and certificates, not both\.$/,
    /^line 7: login-type "owner": "owner" is wrong\. It must be <role>=<number>/,
    /^line 7: key-type: must be RSA-2048 or /,
    /^line 9: slug "taken": is there already, with another BillerGUID/,
    /^line 10: sp-metadata ".*elsewhere" can't be fetched: the server redirects to/,
    /^line 11: slug "one": line 5 has the same one\.$/,
    /^line 11: guid ".*": line 4 has the same one\.$/,
    /^line 11: module: no HSM is configured/,
  ];
  for (const pattern of expected) expect(problems).toContainEqual(expect.stringMatching(pattern));
  expect(problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)))).toEqual([]);
});

describe('a Service Provider that several billers have', () => {
  const lines = [HEADING, row('one', 1), row('other', 2, 'one.xml')].join('\n');

  test('is reported, unless it is confirmed', async () => {
    expect(await problemsIn(lines)).toEqual([
      'line 3: sp-metadata: the Service Provider "https://sp.example/one" with this ACS URL is that of line 2 too. If that is right, confirm it with --yes.',
    ]);
    expect(await problemsIn(lines, 'billers.csv', true)).toEqual([]);
  });

  test('is found in the database too, as a BillerGUID is', async () => {
    const byHand = `slug,name,guid,entity-id,acs\none,Water,${guidOf(99)},https://sp.example/metadata,https://sp.example/acs`;
    expect(await problemsIn(byHand)).toEqual([
      `line 2: guid "${guidOf(99)}": belongs to the biller "taken" already.`,
      'line 2: sp-metadata: the Service Provider "https://sp.example/metadata" with this ACS URL is that of the biller "taken" too. If that is right, confirm it with --yes.',
    ]);
  });
});

test.each<[string, string | Buffer, string, RegExp]>([
  ['empty', '', 'a.csv', /^line 1: the file is empty/],
  ['only a heading', HEADING, 'a.csv', /^the file: there is no biller in it/],
  ['semicolons', 'slug;name;guid\none;Water;x', 'a.csv', /^line 1: the columns are separated by semicolons/],
  ['an unknown column', 'slug,name,guid,acs-url\n', 'a.csv', /^line 1: there is no column "acs-url"/],
  ['a column twice', 'slug,name,guid,slug\n', 'a.csv', /^line 1: the column "slug" is there twice/],
  ['a column without a name', 'slug,,guid\n', 'a.csv', /^line 1: column 2 has no name/],
  ['an open quote', `${HEADING}\n"one,Water`, 'a.csv', /^line 2: a quote is never closed/],
  ['no JSON', '[{"slug": }]', 'a.json', /^the file: is not JSON/],
  ['no list', '{"slug": "one"}', 'a.json', /^the file: must be a list/],
  ['no object', '[7]', 'a.json', /^entry 1: must be an object/],
  ['an unknown field', '[{"billerGuid": "x"}]', 'a.json', /^entry 1: there is no field "billerGuid"/],
  ['a list where one value belongs', '[{"slug": ["one"]}]', 'a.json', /^entry 1: slug: must be text/],
  [
    'an unknown setting',
    '[{"slug": "one", "settings": {"skew": 1}}]',
    'a.json',
    /^entry 1: There is no setting "skew"/,
  ],
  [
    'a setting twice',
    '[{"clock-skew": 1, "settings": {"clockSkewSeconds": 1}}]',
    'a.json',
    /^entry 1: settings.clockSkewSeconds has a field/,
  ],
])('a file with %s is refused', async (_what, content, name, pattern) => {
  expect(await problemsIn(content, name)).toContainEqual(expect.stringMatching(pattern));
});

test.each([
  ['UTF-16', Buffer.from(`\uFEFF${HEADING}`, 'utf16le'), 'is UTF-16'],
  ['Windows-1252', Buffer.from(`${HEADING}\nm\xfcnchen`, 'latin1'), 'is not UTF-8'],
])('a file in %s is refused', async (_what, content, message) => {
  await expect(problemsIn(content)).rejects.toThrow(message);
});

test('the columns with several values are the options that are repeatable', () => {
  const { options } = addSettingsOptions(addProviderOptions(new Command()));
  const repeatable = options.filter(({ description }) => description.includes('repeatable'));
  expect([...REPEATABLE].sort()).toEqual(repeatable.map(({ long }) => long?.slice(2)).sort());
});
