import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const installed = (packageFile: Package) =>
  Object.keys({ ...packageFile.dependencies, ...packageFile.optionalDependencies });

/** @returns the npm packages that the files of a folder import */
function importedPackages(folder: string): string[] {
  const specifiers = globSync(`${folder}/**/*.ts`, { cwd: ROOT }).flatMap((file) =>
    [...read(file).matchAll(/\b(?:from |import |import\()'([a-z@][\w@/.:-]*)'/g)].map(([, name = '']) => name),
  );
  const packages = specifiers
    .filter((name) => !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return [...new Set(packages)].sort();
}

describe.each([
  ['src', 'package.json'],
  ['sandbox', 'sandbox/package.json'],
])('%s', (folder, file) => {
  test('imports only what a production install of its own package contains', () => {
    const listed = installed(JSON.parse(read(file)) as Package);
    expect(importedPackages(folder).filter((name) => !listed.includes(name))).toEqual([]);
  });
});

test('a production install of the service contains no packages of the sandbox', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, Package>>;
  };
  const reached = new Set<string>();
  const visit = (name: string) => {
    if (reached.has(name)) return;
    reached.add(name);
    installed(packages[`node_modules/${name}`] ?? {}).forEach(visit);
  };
  installed(packages[''] ?? {}).forEach(visit);
  expect(reached).toContain('fastify');
  expect([...reached].filter((name) => ['@node-saml/node-saml', 'ic-idp-sandbox'].includes(name))).toEqual([]);
});
