import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writePrivateFile } from '../src/platform/files/private-files.ts';
import { makeFolders } from '../src/platform/util/make-folders.ts';

export const DEMO_BILLER = { slug: 'riverton-water', name: 'City of Riverton Water' };
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
}

/** Reads the demo's state, or creates it: a BillerGUID and a random password, readable by the owner only. */
export function demoState(dataDir: string): DemoState {
  makeFolders(dataDir, 0o700);
  const path = join(dataDir, 'demo.json');
  if (!existsSync(path)) {
    const made = { billerGuid: randomUUID(), email: DEMO_EMAIL, password: randomBytes(9).toString('base64url') };
    writePrivateFile(path, `${JSON.stringify(made, undefined, 2)}\n`);
  }
  const kept = JSON.parse(readFileSync(path, 'utf8')) as Omit<DemoState, 'sandboxStore'>;
  return { ...kept, sandboxStore: resolve(dataDir, 'sandbox.json') };
}
