import { z } from 'zod';
import { isLoopback } from '../../../platform/util/web-url.ts';
import { defineOperation, nothing } from '../operation.ts';
import type { Uses } from '../services.ts';
import { handOverFindings } from './doctor-hand-over.ts';
import { instanceFindings } from './doctor-instances.ts';
import { keyFindings } from './doctor-keys.ts';
import { moduleFindings } from './doctor-module.ts';
import { portalFindings } from './doctor-portals.ts';
import { providerFindings } from './doctor-providers.ts';
import { registeredFindings } from './doctor-registered.ts';
import { signInFindings } from './doctor-sign-in.ts';
import { type Finding, findingSchema } from './finding.ts';

/** What is wrong with this installation, and what to do about it. */
export const doctor = defineOperation({
  uses: [
    'readiness',
    'database',
    'masterKey',
    'billers',
    'keys',
    'hsm',
    'examineProvider',
    'fileProblems',
    'publicUrl',
    'tooMuchTrust',
    'clock',
  ],
  input: nothing,
  output: z.array(findingSchema),
  run: examine,
});

type DoctorServices = Uses<
  | 'readiness'
  | 'database'
  | 'masterKey'
  | 'billers'
  | 'keys'
  | 'hsm'
  | 'examineProvider'
  | 'fileProblems'
  | 'publicUrl'
  | 'tooMuchTrust'
  | 'clock'
>;

async function examine(services: DoctorServices): Promise<Finding[]> {
  const { readiness, database, billers, publicUrl, tooMuchTrust } = services;
  const findings: Finding[] = [];
  const { ready, checks } = await readiness();
  for (const { name, ok, problems } of checks) {
    if (ok)
      findings.push({
        subject: name,
        level: 'ok',
        finding: {
          database: `${database.kind}, reachable, migrations applied`,
          audit: 'an event can be written and flushed to disk',
          keys: 'every biller has a usable active key',
          module: 'the HSM is reachable, and the token is open',
        }[name],
      });
    for (const { sentence, remedy, blocking } of problems) {
      findings.push({
        subject: name,
        level: name === 'audit' && !blocking ? 'warning' : 'error',
        finding: sentence,
        remedy:
          remedy ??
          {
            database: 'Check DATABASE_URL and that the server is running.',
            audit: 'Look at the log of the database.',
            keys: 'Compare MASTER_KEY with the one that the installation was created with; `ic-idp key list` shows the certificates.',
            module:
              'Check PKCS11_LIBRARY, PKCS11_TOKEN and PKCS11_PIN, and whether the vendor’s own tool can reach the HSM from this machine as this user.',
          }[name],
      });
    }
  }
  if (isLoopback(new URL(publicUrl).hostname)) {
    findings.push({
      subject: 'PUBLIC_URL',
      level: 'warning',
      finding: `${publicUrl} can be reached from this machine only`,
      remedy:
        'Set PUBLIC_URL to the https origin that browsers and Invoice Cloud use, before the first biller is onboarded: it is part of every Entity ID.',
    });
  } else findings.push({ subject: 'PUBLIC_URL', level: 'ok', finding: publicUrl });
  findings.push(...(await instanceFindings(services)));
  for (const { serious, ...problem } of services.fileProblems()) {
    findings.push({ ...problem, level: serious ? 'error' : 'warning' });
  }
  if (tooMuchTrust !== undefined) {
    findings.push({
      subject: 'TRUST_PROXY',
      level: 'warning',
      finding: tooMuchTrust,
      remedy:
        'List the addresses of the reverse proxies, e.g. 10.0.0.5,10.0.0.6. Sign-in attempts are counted by address, and metadata clients are told apart by it.',
    });
  }
  if (!ready && checks.every(({ name }) => name !== 'keys')) return findings;
  const all = await billers.all();
  if (all.length === 0)
    findings.push({
      subject: 'billers',
      level: 'warning',
      finding: 'there are none',
      remedy: 'Add one: `ic-idp biller add`.',
    });
  findings.push(...(await registeredFindings(services)));
  findings.push(...(await keyFindings(services)));
  findings.push(...(await handOverFindings(services)));
  findings.push(...(await providerFindings(services)));
  findings.push(...(await portalFindings(services)));
  findings.push(...(await signInFindings(services)));
  findings.push(...(await moduleFindings(services)));
  return findings;
}
