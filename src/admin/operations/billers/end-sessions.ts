import type { AuditWriter } from '../../../core/audit/writer.ts';
import type { Biller } from '../../../core/billers/biller.ts';
import type { BillerSettings } from '../../../core/billers/settings.ts';
import { endSessionsBegunBy } from '../../../core/sessions/store.ts';
import type { Transaction } from '../../../platform/database/database.ts';

/** Ends the sessions that began in a way in which nobody can sign in any more. Those of launches go on. */
export async function endOutdatedSessions(
  transaction: Transaction,
  audit: AuditWriter,
  { id: billerId, settings: before }: Biller,
  after: BillerSettings,
  { actor, reference }: { readonly actor: string; readonly reference: string },
): Promise<void> {
  const isOtherProvider = before.oidcIssuer !== after.oidcIssuer || before.oidcClientId !== after.oidcClientId;
  const isOtherWay = before.signIn !== after.signIn;
  if (!isOtherWay && !isOtherProvider) return;
  const ways = [...(after.signIn === 'oidc' ? (['password'] as const) : []), ...(['oidc'] as const)];
  const sessions = await endSessionsBegunBy(transaction, billerId, ways);
  if (sessions === 0) return;
  const details = { actor, reason: 'portal users sign in elsewhere now', sessions };
  await audit.appendWithin(transaction, { event: 'session.ended_by_operator', reference, billerId, details });
}
