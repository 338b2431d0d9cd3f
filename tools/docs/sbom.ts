import { readFileSync } from 'node:fs';
import { z } from 'zod';

const ROOT = new URL('../../', import.meta.url);

const dependencies = z.record(z.string(), z.string()).default({});
const packageSchema = z.object({
  version: z.string().default(''),
  integrity: z.string().default(''),
  license: z.string().optional(),
  dependencies,
  optionalDependencies: dependencies,
  peerDependencies: dependencies,
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().default(false) })).default({}),
});
type Package = z.infer<typeof packageSchema>;

/** A package of the lock file, by its place: `node_modules/a`, or `node_modules/a/node_modules/b`. */
type Packages = Readonly<Record<string, Package>>;

/** The place where Node finds a package that is imported from a place. @returns undefined if it is not installed */
function placeOf(packages: Packages, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder}${folder === '' ? '' : '/'}node_modules/${name}`;
    if (place in packages) return place;
    if (folder === '') return undefined;
  }
}

/** @returns the places of the packages that a package needs, and of those that it uses where they can be installed */
function neededBy(packages: Packages, place: string): { required: string[]; optional: string[] } {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = packageAt(packages, place);
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  const places = (names: string[]) =>
    names.map((name) => placeOf(packages, place, name)).filter((found) => found !== undefined);
  const optional = Object.keys(optionalDependencies);
  return {
    required: places([...Object.keys(dependencies), ...peers].filter((name) => !optional.includes(name))),
    optional: places(optional),
  };
}

function packageAt(packages: Packages, place: string): Package {
  const found = packages[place];
  if (found === undefined) throw new Error(`package-lock.json has no package at "${place}".`);
  return found;
}

/** @returns everything that is reached from a place, without the place itself */
function reachedFrom(packages: Packages, start: string, kinds: readonly ('required' | 'optional')[]): Set<string> {
  const reached = new Set<string>();
  const visit = (place: string) => {
    const needed = neededBy(packages, place);
    for (const next of kinds.flatMap((kind) => needed[kind])) {
      if (reached.has(next)) continue;
      reached.add(next);
      visit(next);
    }
  };
  visit(start);
  return reached;
}

const nameOf = (place: string) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** A license in words, e.g. "MIT License", is no SPDX expression. */
function licensesOf(license: string | undefined) {
  if (license === undefined) return [];
  return [/^[\w.+-]+$|^\(.+ (OR|AND) .+\)$/.test(license) ? { expression: license } : { license: { name: license } }];
}

/**
 * Lists every package that the service needs in production, on any platform.
 *
 * It is read from package-lock.json, not taken from `npm sbom`: npm leaves out packages that a workspace or a development
 * dependency needs as well, and writes a new serial number and time at every call.
 *
 * @returns docs/sbom.json, a software bill of materials in the format CycloneDX 1.5
 */
export function sbom(): string {
  const lock = readFileSync(new URL('package-lock.json', ROOT), 'utf8');
  const { packages } = z.object({ packages: z.record(z.string(), packageSchema) }).parse(JSON.parse(lock));
  const { name, description } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
    readonly name: string;
    readonly description: string;
  };
  const required = reachedFrom(packages, '', ['required']);
  const places = [...reachedFrom(packages, '', ['required', 'optional'])].sort();
  const refOf = (place: string) => `${place === '' ? name : nameOf(place)}@${packageAt(packages, place).version}`;
  const purlOf = (place: string) => `pkg:npm/${refOf(place).replace(/^@/, '%40')}`;
  // One version may be in several places: it is one component.
  const unique = new Map(places.map((place) => [refOf(place), place]));
  const components = [...unique].map(([ref, place]) => {
    const { version, integrity, license } = packageAt(packages, place);
    const isRequired = places.some((other) => refOf(other) === ref && required.has(other));
    return {
      'bom-ref': ref,
      type: 'library',
      name: nameOf(place),
      version,
      scope: isRequired ? 'required' : 'optional',
      hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') }],
      licenses: licensesOf(license),
      purl: purlOf(place),
    };
  });
  const dependsOn = (place: string) => {
    const { required: needed, optional } = neededBy(packages, place);
    return [...new Set([...needed, ...optional].map(refOf))].sort();
  };
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        'bom-ref': refOf(''),
        type: 'application',
        name,
        version: packageAt(packages, '').version,
        description,
        purl: purlOf(''),
      },
    },
    components,
    dependencies: ['', ...unique.values()].map((place) => ({ ref: refOf(place), dependsOn: dependsOn(place) })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
