import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ofCheckout } from '../support/programs/cli.ts';

const PROGRAM = '/usr/bin/node --import /opt/ic-idp/src/require-node.js /opt/ic-idp/src/main.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ic-idp-units-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Copies a unit with the places of this machine. @returns its path */
function placed(path: string): string {
  const copy = join(folder, path.split('/').at(-1) ?? '');
  const unit = readFileSync(ofCheckout(path), 'utf8');
  writeFileSync(copy, unit.replace('/usr/bin/node', process.execPath).replaceAll('/opt/ic-idp/', ofCheckout('')));
  return copy;
}

const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const valuesIn = (path: string, name: string) =>
  [...readFileSync(ofCheckout(path), 'utf8').matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value);

const UNIT = 'deploy/systemd/ic-idp.service';

describe('the systemd unit of the service', () => {
  test('has nothing that systemd does not know', () => {
    expect(analyze('verify', placed(UNIT))).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('is hardened', () => {
    const { status, stdout, stderr } = analyze('security', '--offline=true', '--threshold=15', placed(UNIT));
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
  });

  test('starts what npm start starts, from the folder with the data', () => {
    const { scripts } = JSON.parse(readFileSync(ofCheckout('package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(valuesIn(UNIT, 'ExecStart')).toEqual([PROGRAM]);
    const relative = PROGRAM.replace('/usr/bin/', '').replace('/opt/ic-idp/src', './src').replace('/opt/ic-idp/', '');
    expect(relative).toBe(scripts.start);
  });

  test('waits longer for the end than the service may take, and signals the service alone', () => {
    const within = /STOP_WITHIN_MS = ([\d_]+)/.exec(readFileSync(ofCheckout('src/main.ts'), 'utf8'))?.[1] ?? '';
    expect(Number(valuesIn(UNIT, 'TimeoutStopSec')[0]) * 1000).toBeGreaterThan(Number(within.replaceAll('_', '')) * 2);
    expect(valuesIn(UNIT, 'KillMode')).toEqual(['mixed']);
    expect(valuesIn(UNIT, 'KillSignal')).toEqual(['SIGTERM']);
  });
});

describe('the units that ship the audit', () => {
  test('have nothing that systemd does not know', () => {
    const [main, ...units] = [
      UNIT,
      ...['service', 'timer'].map((kind) => `deploy/audit-ship/ic-idp-audit-ship.${kind}`),
    ].map(placed);
    expect(analyze('verify', main ?? '', ...units)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('run with the settings and the data of the service', () => {
    const unit = 'deploy/audit-ship/ic-idp-audit-ship.service';
    for (const name of ['User', 'EnvironmentFile', 'WorkingDirectory', 'StateDirectory', 'StateDirectoryMode']) {
      expect(valuesIn(unit, name)).toEqual(valuesIn(UNIT, name));
    }
  });
});
