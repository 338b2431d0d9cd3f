import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writePrivateFile } from '../src/platform/files/private-files.ts';
import { makeFolders } from '../src/platform/util/make-folders.ts';

export const DEMO_BILLER = { slug: 'riverton-water', name: 'City of Riverton Water' };
/** The portal kit's own users, whom the directory does not know. */
const PORTAL_USERS = [
  {
    id: 'u-1001',
    name: 'Grace Hopper',
    email: 'grace@example.com',
    accounts: [
      { number: '101Invoice', role: 'owner' },
      { number: '202Invoice', role: 'owner' },
    ],
  },
  {
    id: 'u-1002',
    name: 'Alan Turing',
    email: 'alan@example.com',
    accounts: [{ number: '101Invoice', role: 'co-owner' }],
  },
];
export const DEMO_ACCOUNTS = [
  { number: '101Invoice', role: 'owner' },
  { number: '202Invoice', role: 'co-owner' },
];
const DEMO_EMAIL = 'ada@example.com';

/** What the demo generated on its first run and keeps for the next. */
export interface DemoState {
  readonly billerGuid: string;
  readonly email: string;
  readonly password: string;
  /** File in which the sandbox stores the onboarded billers. */
  readonly sandboxStore: string;
  /** Who can sign in to the portal kit. */
  readonly portalUsers: readonly PortalUser[];
  /** File with the same, for the portal kit. */
  readonly portalUsersFile: string;
  /** File for the portal kit's API key, and the ID of the key in it. */
  readonly portalKeyFile: string;
}

interface PortalUser {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

const newPassword = () => randomBytes(9).toString('base64url');

/** @returns the content of a JSON file of the owner's own, which is made if it is not there */
function kept<Content>(path: string, make: () => Content): Content {
  if (!existsSync(path)) writePrivateFile(path, `${JSON.stringify(make(), undefined, 2)}\n`);
  return JSON.parse(readFileSync(path, 'utf8')) as Content;
}

/** Reads the demo's state, or creates it: a BillerGUID and random passwords, readable by the owner only. */
export function demoState(dataDir: string): DemoState {
  makeFolders(dataDir, 0o700);
  const portalUsersFile = resolve(dataDir, 'portal-users.json');
  return {
    ...kept(join(dataDir, 'demo.json'), () => ({
      billerGuid: randomUUID(),
      email: DEMO_EMAIL,
      password: newPassword(),
    })),
    sandboxStore: resolve(dataDir, 'sandbox.json'),
    portalUsers: kept(portalUsersFile, () => PORTAL_USERS.map((user) => ({ ...user, password: newPassword() }))),
    portalUsersFile,
    portalKeyFile: resolve(dataDir, 'portal-api-key'),
  };
}
