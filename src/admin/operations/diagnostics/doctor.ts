import { z } from 'zod';
import { isLoopback } from '../../../platform/util/web-url.ts';
import { defineOperation, nothing } from '../operation.ts';
import type { Uses } from '../services.ts';
import { moduleFindings } from './doctor-module.ts';
import { providerFindings } from './doctor-providers.ts';
import { type Finding, findingSchema } from './finding.ts';

const DAY_MS = 86_400_000;
const WARN_DAYS = 60;

/** What is wrong with this installation, and what to do about it. */
export const doctor = defineOperation({
  uses: ['readiness', 'database', 'billers', 'keys', 'hsm', 'publicUrl', 'clock'],
  input: nothing,
  output: z.array(findingSchema),
  run: examine,
});

type DoctorServices = Uses<'readiness' | 'database' | 'billers' | 'keys' | 'hsm' | 'publicUrl' | 'clock'>;

async function examine(services: DoctorServices): Promise<Finding[]> {
  const { readiness, database, billers, keys, publicUrl, clock } = services;
  const findings: Finding[] = [];
  const { ready, checks } = await readiness();
  for (const { name, ok, problems } of checks) {
    if (ok)
      findings.push({
        subject: name,
        level: 'ok',
        finding: {
          database: `${database.kind}, reachable, migrations applied`,
          keys: 'every biller has a usable active key',
          module: 'the HSM is reachable, and the token is open',
        }[name],
      });
    for (const problem of problems) {
      findings.push({
        subject: name,
        level: 'error',
        finding: problem,
        remedy: {
          database: 'Check DATABASE_URL and that the server is running.',
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
  findings.push(...(await durabilityFindings(database)));
  if (!ready && checks.every(({ name }) => name !== 'keys')) return findings;
  const all = await billers.all();
  if (all.length === 0)
    findings.push({
      subject: 'billers',
      level: 'warning',
      finding: 'there are none',
      remedy: 'Add one: `ic-idp biller add`.',
    });
  for (const key of await keys.list()) {
    const days = Math.floor((key.notAfter.getTime() - clock()) / DAY_MS);
    if (key.state === 'active' && days >= 0 && days < WARN_DAYS) {
      findings.push({
        subject: `biller ${key.biller}`,
        level: 'warning',
        finding: `the active certificate expires in ${days} days`,
        remedy: 'Plan its replacement with Invoice Cloud, which has a copy.',
      });
    }
  }
  findings.push(...(await providerFindings(services)));
  findings.push(...(await moduleFindings(services)));
  return findings;
}

/** An assertion leaves once its audit row is committed, which protects nothing unless commits are flushed to disk. */
const DURABILITY = {
  name: 'durability',
  text: "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit') and setting = 'off'",
};

async function durabilityFindings(database: DoctorServices['database']): Promise<Finding[]> {
  // A database that does not answer has its own finding.
  const off = await database.query<{ name: string }>(DURABILITY, []).catch(() => []);
  return off.map(({ name }) => ({
    subject: 'database',
    level: 'warning',
    finding: `${name} is off: a power cut loses assertions that were sent from the audit`,
    remedy: `Set ${name} = on in postgresql.conf, or for the role: alter role ... reset ${name}.`,
  }));
}
