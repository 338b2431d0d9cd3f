import { hash, randomBytes } from 'node:crypto';
import type { Database, Db, Transaction } from '../../platform/database/database.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import type { Biller } from '../billers/biller.ts';
import type { Account } from '../billers/claims.ts';
import { sealIdToken, unsealIdToken } from './id-token.ts';
import type { BeganBy, LaunchedAccount } from './schema.ts';
import {
  createFindSession,
  deleteSession,
  deleteSessions,
  insertSession,
  isFrameOnItsWay,
  lockFrames,
  setLaunchedAccounts,
  touchSession,
} from './store.ts';

/** A signed-in portal user. Times are milliseconds since 1970. */
export interface Session {
  readonly idHash: Buffer;
  readonly sessionIndex: string;
  readonly authenticatedAt: number;
  readonly beganBy: BeganBy;
  /** When the person proved to the provider who they are; null if it did not say, or there is none. */
  readonly provenAt: number | null;
  /** The AuthnContext class that the provider's acr is mapped to; null if there is none. */
  readonly authnContext: string | null;
  /** `version` changes with every change of the portal user or their accounts. */
  readonly user: { readonly id: string; readonly email: string; readonly version: string };
  readonly accounts: readonly Account[];
  readonly launched: readonly LaunchedAccount[];
  /** The account of a session inside a frame, which is for one launch; null at top level. */
  readonly framedAccount: string | null;
}

/** The launch that a session begins with. */
interface BeginningLaunch {
  readonly account: string;
  /** Whether the session is inside a frame. */
  readonly framed: boolean;
  /** The session that was in this browser until now: what it has launched for the same portal user may be on its way in another tab. */
  readonly before?: Session | undefined;
}

/** What the provider says of the sign-in that a session begins with. */
interface ProviderSignIn {
  /** Milliseconds since 1970. */
  readonly provenAt: number | null;
  readonly authnContext: string | null;
  readonly providerSession: string | null;
  /** For the sign-out at the provider. */
  readonly idToken: string;
}

/** A session that was ended. */
interface EndedSession {
  readonly userId: string;
  readonly billerId: string;
  readonly beganBy: BeganBy;
  /** Of a session that began at a provider; undefined if it was too long to be kept. */
  readonly idToken: string | undefined;
}

export interface Sessions {
  /** @param id the identifier from the cookie @returns the live session at this biller, if there is one */
  find(id: string | undefined, biller: Biller): Promise<Session | undefined>;
  /**
   * Starts a session, ending any earlier one in this browser.
   *
   * @param user as the password was checked; without a password, the portal or its provider vouches for them
   * @param by what it begins with, if that is not a password
   * @returns the new identifier, for the cookie; undefined if the password or the email address was changed, or the user was
   *   disabled or removed since
   */
  start(
    transaction: Transaction,
    biller: Biller,
    user: { readonly id: string; readonly passwordHash: string | null; readonly emailKey: string | null },
    previousId: string | undefined,
    by?: { readonly launch: BeginningLaunch } | { readonly provider: ProviderSignIn },
  ): Promise<string | undefined>;
  /**
   * @param ids from cookies, unchecked
   * @param biller ends only those at this one
   * @returns those that were there
   */
  end(transaction: Transaction, ids: readonly string[], biller?: Biller): Promise<EndedSession[]>;
  /** Records that the next sign-on of this session is for this account. */
  launch(session: Session, accountNumber: string): Promise<void>;
  /** Locks a portal user until the end of the transaction, against other launches of theirs. */
  lockFrames(transaction: Transaction, userId: string): Promise<void>;
  /**
   * @param besides identifiers of sessions that don't count
   * @returns whether a launch of a portal user inside a frame waits for its sign-on, and is so recent that it will come
   */
  isFrameOnItsWay(db: Db, userId: string, besides: readonly string[]): Promise<boolean>;
  /** @returns whether a session has a launch that no sign-on has used yet */
  isLaunched(session: Session): boolean;
  /** @returns whether it has one whose sign-on is to be expected at this moment, before that of any other frame */
  isInTurn(session: Session): boolean;
  /** @returns the account number of a launch, which is then used up; undefined if there were no launches or several */
  takeLaunched(session: Session): Promise<string | undefined>;
}

const ID = /^[\w-]{43}$/;
/** Minimum time between writes to a session, so that few sign-ons cost an UPDATE. */
const TOUCH_EVERY_MS = 60_000;
/** How long a launch stays valid for its sign-on. */
const LAUNCH_LIFETIME_MS = 5 * 60_000;
const MAX_LAUNCHED = 10;
/** How long a frame gets from its launch to its sign-on before another frame of the same portal user begins. */
const FRAME_TURN_MS = 5_000;

const hashId = (id: string) => hash('sha256', id, 'buffer');

const began = (user: { readonly passwordHash: string | null }, provider: ProviderSignIn | undefined): BeganBy => {
  if (provider !== undefined) return 'oidc';
  return user.passwordHash === null ? 'portal' : 'password';
};

export function createSessions({ database, clock }: { database: Database; clock: () => number }): Sessions {
  const { db } = database;
  const findSession = createFindSession(database);

  const liveLaunches = (launched: readonly LaunchedAccount[]) =>
    launched.filter((launch) => launch.at > clock() - LAUNCH_LIFETIME_MS);

  /** @returns what a session has launched, and one account more */
  function withLaunch(session: Pick<Session, 'launched'> | undefined, accountNumber: string): LaunchedAccount[] {
    const others = liveLaunches(session?.launched ?? []).filter(({ number }) => number !== accountNumber);
    return [...others, { number: accountNumber, at: clock() }].slice(-MAX_LAUNCHED);
  }

  return {
    async find(id, biller) {
      if (id === undefined || !ID.test(id)) return undefined;
      const idHash = hashId(id);
      const row = await findSession(idHash, biller.id);
      if (row === undefined) return undefined;
      const now = clock();
      const idleMs = biller.settings.sessionIdleMinutes * 60_000;
      if (now >= row.expires_at || now - row.last_seen_at >= idleMs || row.disabled) {
        await deleteSession(db, idHash);
        return undefined;
      }
      if (now - row.last_seen_at >= Math.min(TOUCH_EVERY_MS, idleMs / 2)) await touchSession(db, idHash, new Date(now));
      return {
        idHash,
        sessionIndex: row.session_index,
        authenticatedAt: row.authenticated_at,
        beganBy: row.began_by,
        provenAt: row.proven_at,
        authnContext: row.authn_context,
        user: { id: row.user_id, email: row.email, version: row.user_version },
        accounts: row.accounts,
        launched: row.launched_accounts,
        framedAccount: row.framed_account,
      };
    },

    async start(transaction, biller, user, previousId, by) {
      const id = randomBytes(32).toString('base64url');
      const launch = by !== undefined && 'launch' in by ? by.launch : undefined;
      const provider = by !== undefined && 'provider' in by ? by.provider : undefined;
      const now = clock();
      const session = {
        idHash: hashId(id),
        billerId: biller.id,
        userId: user.id,
        sessionIndex: newSamlId(),
        authenticatedAt: new Date(now),
        lastSeenAt: new Date(now),
        expiresAt: new Date(now + biller.settings.sessionLifetimeMinutes * 60_000),
        beganBy: began(user, provider),
        framedAccount: launch?.framed === true ? launch.account : null,
        provenAt: provider?.provenAt == null ? null : new Date(provider.provenAt),
        authnContext: provider?.authnContext ?? null,
        providerSession: provider?.providerSession ?? null,
        sealedIdToken: provider === undefined ? null : sealIdToken(provider.idToken, id),
      };
      const launched =
        launch === undefined
          ? []
          : withLaunch(launch.before?.user.id === user.id ? launch.before : undefined, launch.account);
      if (!(await insertSession(transaction, session, user, launched))) return undefined;
      // The former cookie, which served all billers, may hold a session at another one.
      if (previousId !== undefined && ID.test(previousId))
        await deleteSessions(transaction, [hashId(previousId)], biller.id);
      return id;
    },

    async end(transaction, ids, biller) {
      const byHash = new Map(ids.filter((id) => ID.test(id)).map((id) => [hashId(id).toString('hex'), id]));
      if (byHash.size === 0) return [];
      const hashes = [...byHash.keys()].map((hex) => Buffer.from(hex, 'hex'));
      const ended = await deleteSessions(transaction, hashes, biller?.id);
      return ended.map(({ idHash, sealedIdToken, ...session }) => {
        const id = byHash.get(idHash.toString('hex')) ?? '';
        return { ...session, idToken: sealedIdToken === null ? undefined : unsealIdToken(sealedIdToken, id) };
      });
    },

    async launch(session, accountNumber) {
      await setLaunchedAccounts(db, session.idHash, withLaunch(session, accountNumber));
    },

    lockFrames,

    isFrameOnItsWay: (of, userId, besides) =>
      isFrameOnItsWay(of, userId, new Date(clock() - FRAME_TURN_MS), besides.map(hashId)),

    isLaunched: ({ launched }) => liveLaunches(launched).length > 0,

    isInTurn: ({ launched }) => launched.some(({ at }) => at > clock() - FRAME_TURN_MS),

    async takeLaunched(session) {
      if (session.launched.length === 0) return undefined;
      const launched = liveLaunches(session.launched);
      await setLaunchedAccounts(db, session.idHash, []);
      // Two tabs launched different accounts: it is unknown which one this sign-on is for, so ask the user.
      if (launched.length !== 1) return undefined;
      return launched[0]?.number;
    },
  };
}
