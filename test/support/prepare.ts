/**
 * Runs before the tests: sees to the programs that they use and npm cannot bring. On Debian and Ubuntu, as root, it
 * installs what is missing; elsewhere it says in one line what to install, and stops. Nothing is skipped silently.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromiumPath } from './chromium.ts';

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
    present: hasChromium,
  },
  { what: 'xmlsec1', debian: 'xmlsec1', brew: 'libxmlsec1', present: () => onPath('xmlsec1') },
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

function hasChromium(): boolean {
  try {
    chromiumPath();
    return true;
  } catch {
    return false;
  }
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
    return `${lack}. Install: sudo apt-get install ${missing.map((need) => need.debian).join(' ')}`;
  }
  const byBrew = process.platform === 'darwin' ? missing.filter((need) => need.brew) : [];
  const commands = byBrew.map((need) => `brew install ${need.brew}`).join(' && ');
  return `${lack}. Install them${commands ? ` (${commands})` : ''}, or run the tests in Debian 12 or later.`;
}

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  stop(
    `The tests need Node 24 or later; this is ${process.version}. \`npm ci\` brings the right one; then \`npm test\`.`,
  );
}

// A wrong CHROMIUM_PATH is a slip of the person who set it: nothing that could be installed mends it.
if (process.env.CHROMIUM_PATH && !hasChromium()) {
  stop(`CHROMIUM_PATH is ${process.env.CHROMIUM_PATH}, but no program stands there. Correct it, or unset it.`);
}

const missing = needs.filter((need) => !need.present());
if (missing.length > 0) {
  if (!onPath('apt-get') || process.getuid?.() !== 0) stop(advice(missing));
  const packages = missing.map((need) => need.debian);
  console.log(`Installing what the tests need: ${packages.join(' ')}`);
  aptGet('update');
  aptGet('install', '-y', '--no-install-recommends', ...packages);
  const still = needs.filter((need) => !need.present());
  if (still.length > 0) stop(advice(still));
}
