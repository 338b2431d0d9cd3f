import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What to do if pkcs11js is missing. */
export const NO_PKCS11JS =
  'The tests need the npm package pkcs11js, built on this machine by python3, make and a C++ compiler. Install those, then: npm rebuild pkcs11js';

export function isPkcs11jsBuilt(): boolean {
  try {
    createRequire(import.meta.url)('pkcs11js');
    return true;
  } catch {
    return false;
  }
}

/** Folders in which distributions put PKCS#11 libraries. */
const LIBRARY_FOLDERS = [
  '/usr/lib',
  ...(existsSync('/usr/lib') ? readdirSync('/usr/lib') : [])
    .filter((name) => name.includes('-linux-'))
    .map((name) => `/usr/lib/${name}`),
  '/usr/lib64',
  '/usr/local/lib',
  '/opt/homebrew/lib',
];

function find(what: string, inFolder: string, folders: readonly string[] = LIBRARY_FOLDERS): string {
  const found = folders.map((folder) => join(folder, inFolder)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(`${what} was not found. Install it: apt-get install softhsm2 p11-kit p11-kit-modules`);
}

/** The PKCS#11 library of SoftHSM2: a hardware security module in software. */
export const softHsmLibrary = () => find('SoftHSM2', 'softhsm/libsofthsm2.so');
/** A PKCS#11 library that forwards every call to a server, as the libraries of network modules do. */
export const remoteLibrary = () => find('p11-kit-client.so', 'pkcs11/p11-kit-client.so');
/** The server behind that library. */
export const remoteServer = () =>
  find('p11-kit-server', 'p11-kit/p11-kit-server', ['/usr/libexec', ...LIBRARY_FOLDERS, '/opt/homebrew/libexec']);
