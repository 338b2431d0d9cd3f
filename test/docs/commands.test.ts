import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { portalSettings } from '../../sandbox/portal/settings.ts';
import { sandboxSettings } from '../../sandbox/settings.ts';
import { createProgram } from '../../src/admin/cli/program.ts';
import { settingsSchema } from '../../src/config.ts';
import { commandsOf, PAGES, ROOT, readPage } from './pages.ts';

const scripts = Object.keys(packageJson.scripts);
/** npm's own commands. */
const NPM_OWN = ['audit', 'ci', 'install', 'outdated', 'rebuild', 'update', 'version'];

/** @returns what is wrong with a call of npm, if anything */
function npmFault(line: string): string | undefined {
  const match = /^(?:[A-Z_]+=\S+ )*npm (run )?([\w:-]+)/.exec(line);
  if (match === null) return undefined;
  const [, run, name = ''] = match;
  if (run === undefined && NPM_OWN.includes(name)) return undefined;
  if (run === undefined && !['start', 'test'].includes(name)) return `${line}: npm has no such command`;
  const tests = /^(?:[A-Z_]+=\S+ )*npm test -- (\S+)/.exec(line)?.[1];
  if (tests !== undefined && !existsSync(`${ROOT}/${tests}`)) return `${line}: there are no tests ${tests}`;
  return scripts.includes(name) ? undefined : `${line}: package.json has no script ${name}`;
}

const program = await createProgram();

/** @returns what is wrong with a call of the command line, if anything */
function cliFault(line: string): string | undefined {
  const match = /(?:^|\s)(?:\.\/)?ic-idp (.+)/.exec(line);
  if (match?.[1] === undefined) return undefined;
  const words = match[1].split(/[<>|]?\s+/);
  let command = program;
  while (words[0] !== undefined) {
    const child = command.commands.find((each) => each.name() === words[0]);
    if (child === undefined) break;
    command = child;
    words.shift();
  }
  if (command.commands.length > 0 && words[0] !== undefined && /^[a-z]/.test(words[0]))
    return `${line}: no command ${words[0]}`;
  const options = words.filter((word) => word.startsWith('--')).map((word) => word.replace(/[^a-z-].*$/, ''));
  const known = [...command.options.map(({ long }) => long), '--help'];
  const unknown = options.find((option) => !known.includes(option));
  return unknown === undefined ? undefined : `${line}: ${command.name()} has no option ${unknown}`;
}

test('finds a wrong command', () => {
  expect(npmFault('npm run nothing')).toContain('no script nothing');
  expect(npmFault('npm begin')).toContain('no such command');
  expect(npmFault('PUBLIC_URL=https://a.example npm start')).toBeUndefined();
  expect(npmFault('X=1 npm test -- test/nothing')).toContain('no tests test/nothing');
  expect(cliFault('./ic-idp biller ad x')).toContain('no command ad');
  expect(cliFault('./ic-idp biller add x --nam y')).toContain('no option --nam');
  expect(cliFault('docker compose exec idp ic-idp doctor --jso')).toContain('no option --jso');
  expect(cliFault('./ic-idp key list <biller> --json')).toBeUndefined();
});

describe.each(PAGES)('%s', (path) => {
  const commands = commandsOf(readPage(path));

  test('calls only npm scripts that package.json has', () => {
    expect(commands.map(npmFault).filter((fault) => fault !== undefined)).toEqual([]);
  });

  test('calls only commands and options that ic-idp has', () => {
    expect(commands.map(cliFault).filter((fault) => fault !== undefined)).toEqual([]);
  });
});

test('the README gives the two commands, and explains every script', () => {
  const readme = readPage('README.md');
  expect(readme).toContain('\nnpm ci && npm run demo\n');
  expect(readme).toContain('\nnpm ci && npm test\n');
  const called = commandsOf(readme).join('\n');
  for (const script of scripts) expect(called).toMatch(new RegExp(`\\bnpm (run )?${script}( |$)`, 'm'));
});

test('every setting that the pages mention exists', () => {
  const settings = [settingsSchema.shape, sandboxSettings, portalSettings];
  const known = settings.flatMap((one) => Object.keys(one));
  const others = ['TEST_DATABASE_URL', 'FUZZ_RUNS', 'CHROMIUM_PATH', 'POSTGRES_PASSWORD', 'PRIVATE KEY', 'API_KEY'];
  const spoken = PAGES.flatMap((path) => [...readPage(path).matchAll(/`([A-Z]{2,}(?:_[A-Z]+)+)\b[^`]*`/g)]);
  expect(spoken.map(([, name = '']) => name).filter((name) => ![...known, ...others].includes(name))).toEqual([]);
});

test('the README names the long fuzz run', () => {
  expect(commandsOf(readPage('README.md'))).toContain('FUZZ_RUNS=100000 npm test -- test/attack/fuzz.test.ts');
});
