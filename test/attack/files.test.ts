import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { embeddedMasterKeyFile, newMasterKey } from '../../src/core/secrets/master-key-source.ts';
import { openEmbedded } from '../../src/platform/database/open.ts';
import { layEmbeddedDatabase } from '../support/postgres/embedded-template.ts';
import { ofCheckout, runCli, workingFolder } from '../support/programs/cli.ts';
import { endService, spawnService, startService } from '../support/programs/service.ts';

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('the embedded database is the owner’s alone, also in a DATA_DIR that was there before and is open to all', async () => {
  const { folder, remove } = workingFolder();
  try {
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o777);
    const database = await openEmbedded(dataDir);
    await database.close();
    // Nobody else can enter it, so they read and write nothing in it, whatever the modes of its files.
    expect(modeOf(join(dataDir, 'postgresql'))).toBe('700');
  } finally {
    remove();
  }
});

test('a rotated master key is readable only by its owner, no matter which file was there before', () => {
  const { folder, remove } = workingFolder();
  try {
    const path = join(folder, 'certs', 'master.key');
    const file = embeddedMasterKeyFile(path);
    expect(modeOf(path)).toBe('600');
    // Left behind by an interrupted rotation, or planted by someone who wants to read the new key.
    writeFileSync(`${path}.new`, '', { mode: 0o666 });
    chmodSync(`${path}.new`, 0o666);
    const keys = [newMasterKey(), ...file.read()];
    file.write(keys);
    expect(modeOf(path)).toBe('600');
    expect(readFileSync(path, 'utf8')).toBe(`${keys.join('\n')}\n`);
  } finally {
    remove();
  }
});

/** Everything below a folder that others have any access to, with its mode. */
function openToOthers(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return paths
    .filter((path) => !path.endsWith('.s.PGSQL.5432') && (statSync(join(folder, path)).mode & 0o077) !== 0)
    .map((path) => `${path} ${modeOf(join(folder, path))}`);
}

test.each(['000', '277'])('whatever the umask (%s), what the service makes is its user’s alone', async (umask) => {
  const { folder, remove } = workingFolder();
  const before = process.umask(Number.parseInt(umask, 8));
  try {
    // Children inherit the umask.
    const service = await startService({ DATA_DIR: './deep/data', NODE_DISABLE_COMPILE_CACHE: '1' }, folder);
    process.umask(before);
    expect(openToOthers(folder)).toEqual([]);
    expect([modeOf(join(folder, 'certs')), modeOf(join(folder, 'certs/master.key'))]).toEqual(['700', '600']);
    expect([modeOf(join(folder, 'deep')), modeOf(join(folder, 'deep/data'))]).toEqual(['700', '700']);
    await endService(service);
  } finally {
    process.umask(before);
    remove();
  }
});

test('what the demo keeps is its user’s alone', () => {
  const { folder, remove } = workingFolder();
  try {
    const program = `process.umask(0); const { demoState } = await import(${JSON.stringify(ofCheckout('demo/state.ts'))}); demoState('made/data');`;
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: folder });
    expect(existsSync(join(folder, 'made/data/demo.json'))).toBe(true);
    expect(openToOthers(folder)).toEqual([]);
  } finally {
    remove();
  }
});

test('a folder of the master key that others can change is closed, and stays as readable as it was', () => {
  const { folder, remove } = workingFolder();
  try {
    const certs = join(folder, 'certs');
    mkdirSync(certs);
    chmodSync(certs, 0o777);
    embeddedMasterKeyFile(join(certs, 'master.key'));
    expect(modeOf(certs)).toBe('755');
    chmodSync(certs, 0o775);
    embeddedMasterKeyFile(join(certs, 'master.key'));
    expect(modeOf(certs)).toBe('755');
  } finally {
    remove();
  }
});

test('a master key that others can read or change is refused by the service and reported by doctor', async () => {
  const { folder, remove } = workingFolder();
  try {
    const doctor = async () => {
      const { stdout } = await runCli(['doctor', '--json'], { folder });
      const findings = JSON.parse(stdout) as { subject: string; level: string; finding: string; remedy?: string }[];
      return findings.filter(({ subject }) => ['certs/master.key', 'DATA_DIR', '.env'].includes(subject));
    };
    await layEmbeddedDatabase(join(folder, 'data'));
    expect(await doctor()).toEqual([]);
    const path = join(folder, 'certs/master.key');
    for (const mode of [0o666, 0o604, 0o602]) {
      chmodSync(path, mode);
      const { ended } = await spawnService({}, folder);
      expect(await ended).toMatchObject({ code: 2, stderr: expect.stringContaining(path) });
      const findings = await doctor();
      expect(findings).toMatchObject([{ subject: 'certs/master.key', level: 'error' }]);
      expect(findings[0]?.remedy).toMatch(/chmod (600|o-w) \S+master\.key/);
    }
    chmodSync(path, 0o640);
    expect(await doctor()).toMatchObject([{ level: 'warning', remedy: expect.stringContaining(`chmod 600 ${path}`) }]);
    chmodSync(path, 0o600);
    chmodSync(join(folder, 'data'), 0o777);
    writeFileSync(join(folder, '.env'), 'DATABASE_URL=\n', { mode: 0o644 });
    expect(await doctor()).toEqual([
      {
        subject: 'DATA_DIR',
        level: 'warning',
        finding: `${join(folder, 'data')} can be changed by every user`,
        remedy: `Check its content, then run: chmod o-w ${join(folder, 'data')}`,
      },
      {
        subject: '.env',
        level: 'warning',
        finding: `${join(folder, '.env')} is open to other users (mode 0644)`,
        remedy: `Run: chmod 600 ${join(folder, '.env')}`,
      },
    ]);
  } finally {
    remove();
  }
});
