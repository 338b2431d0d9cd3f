/**
 * `npm run setup`, which `npm test` runs first: installs the programs that the tests use and npm cannot bring. On Debian and
 * Ubuntu, as root, it installs what is missing; elsewhere it names what to install and exits with 1. Where nothing is
 * missing it prints nothing and takes a moment. No test is skipped for want of a program.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromiumPath } from './browser/chromium.ts';
import { isPkcs11jsBuilt, NO_PKCS11JS, remoteLibrary, remoteServer, softHsmLibrary } from './hsm/pkcs11-programs.ts';

interface Need {
  readonly what: string;
  readonly debian: string;
  readonly brew: string | undefined;
  readonly present: () => boolean;
}

const needs: readonly Need[] = [
  {
    what: 'Chromium',
    // Ubuntu has no package named chromium; this one installs the snap.
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
  // These check the files of deploy/.
  {
    what: 'PostgreSQL with pg_dump and pg_restore',
    debian: 'postgresql',
    brew: 'postgresql',
    present: () => globSync('/usr/lib/postgresql/*/bin/initdb').length > 0,
  },
  { what: 'systemd-analyze', debian: 'systemd', brew: undefined, present: () => onPath('systemd-analyze') },
  {
    what: 'nginx',
    debian: 'nginx-light',
    brew: 'nginx',
    present: () => existsSync('/usr/sbin/nginx') || onPath('nginx'),
  },
  { what: 'caddy', debian: 'caddy', brew: 'caddy', present: () => onPath('caddy') },
  { what: 'promtool', debian: 'prometheus', brew: 'prometheus', present: () => onPath('promtool') },
  // These run the programs of docs/portal-integration.md.
  { what: 'Python 3', debian: 'python3', brew: 'python3', present: () => onPath('python3') },
  { what: 'PHP', debian: 'php-cli', brew: 'php', present: () => onPath('php') },
  {
    what: 'the extension curl of PHP',
    debian: 'php-curl',
    brew: 'php',
    present: () => spawnSync('php', ['-r', 'exit(function_exists("curl_init") ? 0 : 1);']).status === 0,
  },
  // npm builds pkcs11js with these.
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

/** @param find throws if it finds nothing */
function found(find: () => string): boolean {
  try {
    find();
    return true;
  } catch {
    return false;
  }
}

/** npm skips an optional package that cannot be built, or whose scripts may not run. The tests need this one. */
function buildPkcs11js(): void {
  console.log('npm run setup: building pkcs11js, which the tests need');
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

/** Runs apt-get. Shows its output only when it fails. */
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

/** One line for a person who has to install the programs by hand. */
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
    `The tests need Node 24 or later; this is ${process.version}. Run \`npm ci\`, which installs it, then \`npm test\`.`,
  );
}

// No installation corrects a wrong CHROMIUM_PATH.
if (process.env.CHROMIUM_PATH && !found(chromiumPath)) {
  stop(
    `CHROMIUM_PATH is ${process.env.CHROMIUM_PATH}, but there is no such program. Correct the path, or unset the variable.`,
  );
}

const missing = needs.filter((need) => !need.present());
if (missing.length > 0) {
  if (!onPath('apt-get') || process.getuid?.() !== 0) stop(advice(missing));
  const packages = [...new Set(missing.map((need) => need.debian))];
  console.log(`npm run setup: installing the programs that the tests need: ${packages.join(' ')}`);
  aptGet('update');
  aptGet('install', '-y', '--no-install-recommends', ...packages);
  const still = needs.filter((need) => !need.present());
  if (still.length > 0) stop(advice(still));
}
if (!isPkcs11jsBuilt()) buildPkcs11js();
