/**
 * Runs before the tests: sees to the programs that they use and npm cannot bring. On Debian and Ubuntu, as root, it
 * installs what is missing; elsewhere it says in one line what to install, and stops. Nothing is skipped silently.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromiumPath } from './chromium.ts';
import { isPkcs11jsBuilt, NO_PKCS11JS, remoteLibrary, remoteServer, softHsmLibrary } from './pkcs11-programs.ts';

interface Need {
  readonly what: string;
  readonly debian: string;
  readonly brew: string | undefined;
  readonly present: () => boolean;
}

const needs: readonly Need[] = [
  {
    what: 'Chromium',
    // Ubuntu's package named chromium is gone; the one that is left brings the snap.
    debian: /^ID=ubuntu$/m.test(osRelease()) ? 'chromium-browser' : 'chromium',
    brew: '--cask chromium',
    present: () => found(chromiumPath),
  },
  { what: 'xmlsec1', debian: 'xmlsec1', brew: 'libxmlsec1', present: () => onPath('xmlsec1') },
  { what: 'openssl', debian: 'openssl', brew: 'openssl', present: () => onPath('openssl') },
  { what: 'xmllint', debian: 'libxml2-utils', brew: 'libxml2', present: () => onPath('xmllint') },
  {
    what: 'the SAML schemas in /usr/share/xml/opensaml',
    debian: 'opensaml-schemas',
    brew: undefined,
    present: () => existsSync('/usr/share/xml/opensaml/saml-schema-metadata-2.0.xsd'),
  },
  {
    what: 'the XML Signature and Encryption schemas in /usr/share/xml/xmltooling',
    debian: 'xmltooling-schemas',
    brew: undefined,
    present: () => existsSync('/usr/share/xml/xmltooling/xmldsig-core-schema.xsd'),
  },
  { what: 'SoftHSM2', debian: 'softhsm2', brew: 'softhsm', present: () => found(softHsmLibrary) },
  { what: 'softhsm2-util', debian: 'softhsm2', brew: 'softhsm', present: () => onPath('softhsm2-util') },
  { what: 'the p11-kit server', debian: 'p11-kit', brew: 'p11-kit', present: () => found(remoteServer) },
  { what: 'p11-kit-client.so', debian: 'p11-kit-modules', brew: 'p11-kit', present: () => found(remoteLibrary) },
  { what: 'ps', debian: 'procps', brew: undefined, present: () => onPath('ps') },
  // For pkcs11js, which npm builds where it can.
  ...(isPkcs11jsBuilt()
    ? []
    : ['python3', 'make', 'g++'].map((program) => ({
        what: program,
        debian: program,
        brew: undefined,
        present: () => onPath(program),
      }))),
];

function osRelease(): string {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param find throws where it does not find */
function found(find: () => string): boolean {
  try {
    find();
    return true;
  } catch {
    return false;
  }
}

/** npm passes an optional package over where it can't be built, or was told to run no scripts. The tests need this one. */
function buildPkcs11js(): void {
  console.log('Building what the tests need: pkcs11js');
  const here = existsSync('node_modules/pkcs11js');
  const args = here ? ['rebuild', 'pkcs11js'] : ['install', '--no-save', '--no-audit', '--no-fund'];
  const done = spawnSync('npm', args, { encoding: 'utf8' });
  if (done.status === 0 && isPkcs11jsBuilt()) return;
  console.error(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  stop(NO_PKCS11JS);
}

function stop(line: string): never {
  console.error(line);
  process.exit(1);
}

/** Runs apt-get; its output is shown only when it fails. */
function aptGet(...args: string[]): void {
  const done = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status === 0) return;
  console.error(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  stop(`apt-get ${args.join(' ')} failed (${done.error?.message ?? `exit code ${done.status}`}). Its output is above.`);
}

/** The one line for somebody who has to install things by hand. */
function advice(missing: readonly Need[]): string {
  const lack = `The tests need ${missing.map((need) => need.what).join(', ')}`;
  if (onPath('apt-get')) {
    return `${lack}. Install: sudo apt-get install ${[...new Set(missing.map((need) => need.debian))].join(' ')}`;
  }
  const byBrew = process.platform === 'darwin' ? missing.filter((need) => need.brew) : [];
  const commands = [...new Set(byBrew.map((need) => `brew install ${need.brew}`))].join(' && ');
  return `${lack}. Install them${commands ? ` (${commands})` : ''}, or run the tests in Debian 12 or later.`;
}

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  stop(
    `The tests need Node 24 or later; this is ${process.version}. \`npm ci\` brings the right one; then \`npm test\`.`,
  );
}

// A wrong CHROMIUM_PATH is a slip of the person who set it: nothing that could be installed mends it.
if (process.env.CHROMIUM_PATH && !found(chromiumPath)) {
  stop(`CHROMIUM_PATH is ${process.env.CHROMIUM_PATH}, but no program stands there. Correct it, or unset it.`);
}

const missing = needs.filter((need) => !need.present());
if (missing.length > 0) {
  if (!onPath('apt-get') || process.getuid?.() !== 0) stop(advice(missing));
  const packages = [...new Set(missing.map((need) => need.debian))];
  console.log(`Installing what the tests need: ${packages.join(' ')}`);
  aptGet('update');
  aptGet('install', '-y', '--no-install-recommends', ...packages);
  const still = needs.filter((need) => !need.present());
  if (still.length > 0) stop(advice(still));
}
if (!isPkcs11jsBuilt()) buildPkcs11js();
