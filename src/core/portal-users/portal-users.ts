import type { Database, Transaction } from '../../platform/database/database.ts';
import { earlierAppendsEnded } from '../audit/earlier-appends.ts';
import type { AuditWriter } from '../audit/writer.ts';
import type { Account } from '../billers/claims.ts';
import { accountsOf, deleteUser } from './store.ts';
import { findVouchedUser, putVouchedUser, type VouchedChange } from './vouched.ts';

/** What a portal says of one of its users. */
export interface PortalsUser {
  /** The portal's own ID of the person. */
  readonly id: string;
  readonly email: string;
  readonly accounts: readonly Account[];
}

/** Who says it, for the audit. */
export interface Saying {
  readonly billerId: string;
  readonly actor: string;
  readonly reference: string;
  readonly address?: string | undefined;
}

/** The portal users that portals vouch for. */
export interface PortalUsers {
  find(billerId: string, id: string): Promise<PortalsUser | undefined>;
  /** Takes down what the portal says; sessions follow at once. Returns when no assertion can be issued by the word before. */
  put(user: PortalsUser, by: Saying): Promise<void>;
  /** The same in the caller's transaction. If it changed a known user, await `settled` once that is committed. */
  putWithin(transaction: Transaction, user: PortalsUser, by: Saying): Promise<VouchedChange>;
  settled(change: VouchedChange): Promise<void>;
  /** Removes a portal user with their sessions. @returns false if there is none */
  remove(id: string, by: Saying): Promise<boolean>;
}

const EVENTS = { added: 'user.added', updated: 'user.updated' } as const;

export function createPortalUsers({ database, audit }: { database: Database; audit: AuditWriter }): PortalUsers {
  const { db } = database;
  const identity = (billerId: string, externalId: string) => ({ billerId, source: 'portal' as const, externalId });

  async function putWithin(transaction: Transaction, { id, email, accounts }: PortalsUser, by: Saying) {
    const { actor, ...about } = by;
    const change = await putVouchedUser(transaction, { ...identity(by.billerId, id), email, accounts });
    const { kind, userId, changed } = change;
    if (kind === 'none') return change;
    const otherAccounts = changed.includes('accounts') ? accounts.map(({ number }) => number) : undefined;
    const event = { ...about, userId, email, otherAccounts };
    await audit.appendWithin(
      transaction,
      kind === 'added'
        ? { event: EVENTS[kind], ...event, details: { actor } }
        : { event: EVENTS[kind], ...event, details: { actor, changed } },
    );
    return change;
  }

  async function settled({ kind }: VouchedChange): Promise<void> {
    if (kind === 'updated') await earlierAppendsEnded(database);
  }

  return {
    async find(billerId, id) {
      const row = await findVouchedUser(db, identity(billerId, id));
      return row === undefined ? undefined : { id, email: row.email, accounts: await accountsOf(db, row.id) };
    },
    putWithin,
    settled,
    async put(user, by) {
      await settled(await database.transaction((transaction) => putWithin(transaction, user, by)));
    },
    async remove(id, by) {
      const { actor, ...about } = by;
      const removed = await database.transaction(async (transaction) => {
        const row = await findVouchedUser(transaction, identity(by.billerId, id));
        if (row === undefined || !(await deleteUser(transaction, row.id))) return false;
        const { id: userId, email } = row;
        await audit.appendWithin(transaction, { event: 'user.removed', ...about, userId, email, details: { actor } });
        return true;
      });
      if (removed) await earlierAppendsEnded(database);
      return removed;
    },
  };
}
