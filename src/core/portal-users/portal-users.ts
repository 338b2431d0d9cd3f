import type { Database, Transaction } from '../../platform/database/database.ts';
import { earlierAppendsEnded } from '../audit/earlier-appends.ts';
import type { AuditWriter } from '../audit/writer.ts';
import type { Account } from '../billers/claims.ts';
import { endCanariesOf } from '../keys/trust/canary-events.ts';
import { accountsOf } from './store.ts';
import {
  deleteVouchedUsers,
  findVouchedUser,
  lockVouchedUsers,
  putVouchedUsers,
  type VouchedChange,
  type VouchingSource,
} from './vouched.ts';

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
  /** Whose IDs they are: the portal's own unless given. */
  readonly source?: VouchingSource['source'];
  readonly actor: string;
  readonly reference: string;
  readonly address?: string | undefined;
}

/** The portal users that portals vouch for. */
export interface PortalUsers {
  find(of: Pick<Saying, 'billerId' | 'source'>, id: string): Promise<PortalsUser | undefined>;
  /** Takes down what the portal says; sessions follow at once. Returns when no assertion can be issued by the word before. */
  put(user: PortalsUser, by: Saying): Promise<void>;
  /** The same in the caller's transaction. If it changed a known user, await `settled` once that is committed. */
  putWithin(transaction: Transaction, user: PortalsUser, by: Saying): Promise<VouchedChange>;
  /** The same for at most some 1,000 users, each once. @returns what changed, in their order */
  putAllWithin(transaction: Transaction, users: readonly PortalsUser[], by: Saying): Promise<VouchedChange[]>;
  /** Returns when no assertion can be issued any more by what was so before these changes. */
  settled(...changes: readonly Pick<VouchedChange, 'kind'>[]): Promise<void>;
  /** Removes a portal user with their sessions. @returns false if there is none */
  remove(id: string, by: Saying): Promise<boolean>;
  /** The same for several in the caller's transaction. If there were any, await `removalSettled` once that is committed. @returns how many there were */
  removeAllWithin(transaction: Transaction, ids: readonly string[], by: Saying): Promise<number>;
  removalSettled(removed: number): Promise<void>;
}

export function createPortalUsers({ database, audit }: { database: Database; audit: AuditWriter }): PortalUsers {
  const { db } = database;
  const sourceOf = ({ billerId, source = 'portal' }: Pick<Saying, 'billerId' | 'source'>) => ({ billerId, source });

  function eventOf({ email, accounts }: PortalsUser, { userId, kind, changed }: VouchedChange, by: Saying) {
    const { actor, source, ...about } = by;
    const otherAccounts = changed.includes('accounts') ? accounts.map(({ number }) => number) : undefined;
    const event = { ...about, userId, email, otherAccounts };
    return kind === 'added'
      ? { event: 'user.added' as const, ...event, details: { actor } }
      : { event: 'user.updated' as const, ...event, details: { actor, changed } };
  }

  async function putAllWithin(transaction: Transaction, users: readonly PortalsUser[], by: Saying) {
    const said = users.map(({ id: externalId, email, accounts }) => ({ externalId, email, accounts }));
    const changes = await putVouchedUsers(transaction, sourceOf(by), said);
    const events = changes.flatMap((change, position) =>
      change.kind === 'none' ? [] : [eventOf(users[position] as PortalsUser, change, by)],
    );
    await audit.appendAllWithin(transaction, events);
    return changes;
  }

  async function putWithin(transaction: Transaction, user: PortalsUser, by: Saying) {
    const [change] = await putAllWithin(transaction, [user], by);
    return change as VouchedChange;
  }

  async function settled(...changes: readonly Pick<VouchedChange, 'kind'>[]): Promise<void> {
    if (changes.some(({ kind }) => kind === 'updated')) await earlierAppendsEnded(database);
  }

  async function removeAllWithin(transaction: Transaction, ids: readonly string[], by: Saying): Promise<number> {
    const { actor, source, ...about } = by;
    const theirs = await lockVouchedUsers(transaction, sourceOf(by), ids);
    const cause = { ...about, actor, reason: 'the portal user was removed' };
    const canaries = await endCanariesOf(transaction, theirs, cause);
    const removed = await deleteVouchedUsers(transaction, sourceOf(by), ids);
    const events = removed.map(({ id: userId, email }) => {
      return { event: 'user.removed' as const, ...about, userId, email, details: { actor } };
    });
    await audit.appendAllWithin(transaction, [...canaries, ...events]);
    return removed.length;
  }

  async function removalSettled(removed: number): Promise<void> {
    if (removed > 0) await earlierAppendsEnded(database);
  }

  return {
    async find(of, id) {
      const row = await findVouchedUser(db, sourceOf(of), id);
      return row === undefined ? undefined : { id, email: row.email, accounts: await accountsOf(db, row.id) };
    },
    putWithin,
    putAllWithin,
    settled,
    removeAllWithin,
    removalSettled,
    async put(user, by) {
      await settled(await database.transaction((transaction) => putWithin(transaction, user, by)));
    },
    async remove(id, by) {
      const removed = await database.transaction((transaction) => removeAllWithin(transaction, [id], by));
      await removalSettled(removed);
      return removed > 0;
    },
  };
}
