import { X509Certificate } from 'node:crypto';
import { scheduledDestructions } from '../../../core/keys/hsm/destruction.ts';
import { keysInModule } from '../../../core/keys/store.ts';
import type { Uses } from '../services.ts';
import type { Finding } from './finding.ts';

/** @returns what is wrong with each key in the HSM; nothing about the keys if the HSM is unreachable */
export async function moduleFindings({ hsm, database, clock }: Uses<'hsm' | 'database' | 'clock'>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const reachable =
    hsm !== undefined &&
    (await hsm.check().then(
      () => true,
      () => false,
    ));
  if (reachable) {
    for (const { biller, state, label, certificate } of await keysInModule(database.db)) {
      const problem = await problemOf(label ?? '', certificate);
      if (problem !== undefined) {
        findings.push({
          subject: `biller ${biller}`,
          level: 'error',
          finding: `the ${state} key can't be used: ${problem}`,
          remedy: 'Restore the key to the HSM from its backup, or make a new one: `ic-idp key stage`.',
        });
      }
    }
  }
  const waiting = (await scheduledDestructions(database.db)).filter(({ after }) => after.getTime() <= clock());
  if (waiting.length > 0) {
    findings.push({
      subject: 'module',
      level: 'warning',
      finding: `${waiting.length} private keys are scheduled for destruction in the HSM, but are still there: ${waiting.map(({ label }) => `"${label}"`).join(', ')}`,
      remedy: 'The service destroys them as soon as the HSM responds.',
    });
  }
  return findings;

  async function problemOf(label: string, certificate: string): Promise<string | undefined> {
    try {
      const publicKey = await hsm?.find(label);
      const { publicKey: certified } = new X509Certificate(Buffer.from(certificate, 'base64'));
      return publicKey?.equals(certified) ? undefined : `the key "${label}" in the HSM does not match its certificate`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
