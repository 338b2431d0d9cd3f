import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { ofCheckout, workingFolder } from '../../support/programs/cli.ts';

const { folder, remove } = workingFolder();
afterAll(remove);

const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv) =>
  spawnSync(program, args, { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder, ...env } });

/** A folder with a fake `node` that prints its version and what it was asked to run. */
function folderWithNode(version: string): string {
  const bin = join(folder, `node-${version}`);
  mkdirSync(bin);
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else echo "runs $*"; fi\n`;
  writeFileSync(join(bin, 'node'), script, { mode: 0o755 });
  return bin;
}

describe('the file ic-idp', () => {
  test('runs from any folder, through chains of links, and keeps its compiled code for this user only', () => {
    mkdirSync(join(folder, 'bin'));
    symlinkSync(ofCheckout('ic-idp'), join(folder, 'first'));
    symlinkSync('../first', join(folder, 'bin', 'ic-idp'));
    const { status, stdout, stderr } = run(join(folder, 'bin', 'ic-idp'), ['--version'], {});
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${packageJson.version}\n`, stderr: '' });
    expect(readdirSync(join(folder, '.cache', 'ic-idp', 'code'))).not.toEqual([]);
  });

  test('messages name commands as they were typed, so that they can be copied', () => {
    const bin = join(folder, 'on-path');
    mkdirSync(bin);
    symlinkSync(ofCheckout('ic-idp'), join(bin, 'ic-idp'));
    mkdirSync(join(folder, 'with space'));
    symlinkSync(ofCheckout('ic-idp'), join(folder, 'with space', 'ic-idp'));
    const examples = (program: string, env: NodeJS.ProcessEnv = {}) => run(program, ['link', '--help'], env).stdout;
    const PATH = `${bin}:${process.env.PATH}`;
    expect(examples('./first')).toContain('\n  ./first link riverton-water');
    expect(examples(join(folder, 'first'))).toContain(`\n  ${join(folder, 'first')} link riverton-water`);
    expect(examples('ic-idp', { PATH })).toContain('\n  ic-idp link riverton-water');
    expect(examples('with space/ic-idp')).toContain("\n  'with space/ic-idp' link riverton-water");
    expect(examples('ic-idp', { PATH, npm_command: 'exec' })).toContain('\n  npx ic-idp link riverton-water');
    const inDocker = { IC_IDP_COMMAND: 'docker compose exec idp ic-idp' };
    expect(examples('./first', inDocker)).toContain('\n  docker compose exec idp ic-idp link riverton-water');
    // A hint of an error, and the error of a command that does not exist.
    const { stderr } = run('./first', ['biller', 'show', 'x'], { DATA_DIR: join(folder, 'none') });
    expect(stderr).not.toMatch(/`ic-idp /);
  });

  test('a cache that others can write to is not used', () => {
    const code = join(folder, 'shared', 'ic-idp', 'code');
    mkdirSync(code, { recursive: true });
    chmodSync(code, 0o777);
    const env = { XDG_CACHE_HOME: join(folder, 'shared') };
    expect(run(ofCheckout('ic-idp'), ['--version'], env).status).toBe(0);
    expect(readdirSync(code)).toEqual([]);
  });

  test('a cache in a folder where others can replace it is neither used nor made', () => {
    const caches = join(folder, 'replaceable');
    mkdirSync(caches);
    chmodSync(caches, 0o777);
    expect(run(ofCheckout('ic-idp'), ['--version'], { XDG_CACHE_HOME: caches }).status).toBe(0);
    expect(readdirSync(caches)).toEqual([]);
  });

  test('nothing is kept in the home folder of another user', () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    // Only root can give a folder away, and anybody else can't write to another user's anyway.
    if (process.getuid?.() === 0) chownSync(home, 54_321, 54_321);
    else chmodSync(home, 0o500);
    expect(run(ofCheckout('ic-idp'), ['--version'], { HOME: home }).status).toBe(0);
    expect(readdirSync(home)).toEqual([]);
  });

  test.each([
    ['v24.0.0', 0],
    ['v26.1.0', 0],
    ['v20.20.2', 1],
    ['nonsense', 1],
  ])('without the project’s Node, with %s on PATH: exit code %i', (version, code) => {
    const project = join(folder, `project-${version}`);
    mkdirSync(project);
    copyFileSync(ofCheckout('ic-idp'), join(project, 'ic-idp'));
    const tools = dirname(spawnSync('which', ['dirname'], { encoding: 'utf8' }).stdout.trim());
    const env = { PATH: `${folderWithNode(version)}:${tools}` };
    const { status, stdout, stderr } = run(join(project, 'ic-idp'), ['biller', 'list'], env);
    expect(status).toBe(code);
    if (code === 0) expect(stdout).toBe(`runs ${project}/src/admin/cli/ic-idp.js biller list\n`);
    else expect(stderr).toContain(`ic-idp needs Node.js 24 or later on PATH (found: ${version})`);
  });
});
