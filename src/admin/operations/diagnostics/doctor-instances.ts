import { instanceInWords, runningInstances } from '../../../core/installation/instances.ts';
import { programVersion } from '../../../core/installation/version.ts';
import type { Uses } from '../services.ts';
import type { Finding } from './finding.ts';

/** Compares the running instances with this command: they must have its master key, and should have its version. */
export async function instanceFindings({
  database,
  masterKey,
  clock,
}: Uses<'database' | 'masterKey' | 'clock'>): Promise<Finding[]> {
  const [current = ''] = masterKey.checkValues;
  return (await runningInstances(database.db, clock())).flatMap((instance): Finding[] => {
    const subject = `instance ${instanceInWords(instance)}`;
    if (!instance.masterKeys.includes(current)) {
      return [
        {
          subject,
          level: 'error',
          finding: 'runs without the master key that this command seals with',
          remedy:
            'Set MASTER_KEY there as it is here, and start it again. Do not run `ic-idp master-key rotate` before.',
        },
      ];
    }
    if (instance.version === programVersion) return [];
    return [
      {
        subject,
        level: 'warning',
        finding: `runs version ${instance.version}, and this command is version ${programVersion}`,
        remedy: 'Start it again with the version that is installed.',
      },
    ];
  });
}
