import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sbom } from '../../tools/docs/sbom.ts';
import { ROOT } from './pages.ts';

interface Bom {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly hashes: readonly [{ readonly content: string }];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}
const { components, dependencies } = JSON.parse(sbom()) as Bom;
const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { devDependencies } = JSON.parse(read('package.json')) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};

test('lists what the service needs according to npm, on any platform', () => {
  const options = ['--all', '--omit=dev', '--workspaces=false', '--package-lock-only', '--parseable', '--long'];
  const [root, ...lines] = execFileSync('npm', ['ls', ...options], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(root).toContain('ic-idp@');
  const installed = new Set(lines.map((line) => line.split(':')[1]));
  expect(listed).toEqual(installed);
});

test('lists all that the image installs for this platform', () => {
  const [, install = ''] =
    /^RUN (npm pkg delete workspaces && npm ci .*?) && npm cache/m.exec(read('Dockerfile')) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
  try {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(ROOT, file), join(folder, file));
    const command = `${install} --dry-run --offline`;
    const output = execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    const added = [...output.matchAll(/^add (\S+) (\S+)$/gm)].map(([, name, version]) => `${name}@${version}`);
    expect(added.length).toBeGreaterThan(80);
    expect(added.filter((one) => !listed.has(one))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('leaves out the sandbox’s packages and the development dependencies', () => {
  const names = components.map(({ name }) => name);
  // @fastify/swagger needs it, too.
  const development = Object.keys(devDependencies).filter((name) => name !== 'yaml');
  const others = ['@fastify/formbody', '@node-saml/node-saml', 'ic-idp-sandbox', ...development];
  expect(names.filter((name) => others.includes(name))).toEqual([]);
});

test('names each package once, with its checksum and what it depends on, and nothing that changes from run to run', () => {
  expect(new Set(components.map(({ purl }) => purl)).size).toBe(components.length);
  for (const { purl, hashes } of components) {
    expect(purl).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d/);
    expect(hashes[0].content).toMatch(/^[0-9a-f]{128}$/);
  }
  const refs = dependencies.map(({ ref }) => ref);
  expect(refs).toHaveLength(components.length + 1);
  expect(dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.includes(ref))).toEqual([]);
  expect(sbom()).not.toMatch(/serialNumber|timestamp/);
});
