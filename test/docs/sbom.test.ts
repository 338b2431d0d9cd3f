import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};

test('lists what npm would install in production, on any platform', () => {
  const options = ['--all', '--omit=dev', '--workspaces=false', '--package-lock-only', '--parseable', '--long'];
  const [root, ...lines] = execFileSync('npm', ['ls', ...options], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(root).toContain('ic-idp@');
  const installed = new Set(lines.map((line) => line.split(':')[1]));
  expect(new Set(components.map(({ name, version }) => `${name}@${version}`))).toEqual(installed);
});

test('leaves out the sandbox’s packages and the development dependencies', () => {
  const names = components.map(({ name }) => name);
  const others = ['@fastify/formbody', '@node-saml/node-saml', 'ic-idp-sandbox', ...Object.keys(devDependencies)];
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
