import type { AuditWriter } from '../../../core/audit/writer.ts';
import type { Biller } from '../../../core/billers/biller.ts';
import { holdBiller } from '../../../core/billers/store.ts';
import type { PortalUsers, Saying } from '../../../core/portal-users/portal-users.ts';
import { accountsOf } from '../../../core/portal-users/store.ts';
import { lockVouchedUsers } from '../../../core/portal-users/vouched.ts';
import type { Sessions } from '../../../core/sessions/sessions.ts';
import type { ProvenSignIn } from '../../../integrations/openid/openid.ts';
import type { SaidOfUser } from '../../../integrations/openid/said-of-user.ts';
import type { Database, Transaction } from '../../../platform/database/database.ts';
import { IdpError } from '../../../platform/errors/idp-error.ts';

interface Services {
  readonly database: Database;
  readonly portalUsers: PortalUsers;
  readonly sessions: Sessions;
  readonly audit: AuditWriter;
}

/** The browser that comes back. */
interface From {
  readonly reference: string;
  readonly address: string;
  /** The identifier of its earlier session, which ends. */
  readonly previousSession: string | undefined;
}

/**
 * Begins the session of a person whom the provider signed in, and takes down what it says of them: all or nothing.
 *
 * @returns the identifier of the session, for the cookie
 * @throws IdpError account_missing, sign_in_disabled; flow_unknown if the biller was changed meanwhile
 */
export type SignInByProvider = (biller: Biller, signIn: ProvenSignIn, from: From) => Promise<string>;

const SOURCE = 'oidc';
const noAccount = (detail: string) => new IdpError('account_missing', { detail });

export function createSignInByProvider({ database, portalUsers, sessions, audit }: Services): SignInByProvider {
  /** What is said of the person, with the accounts that they have if the provider does not state them. */
  async function completed(transaction: Transaction, billerId: string, said: SaidOfUser) {
    const { id, email, accounts } = said;
    if (accounts !== undefined) {
      if (accounts.length === 0) throw noAccount('the provider states no account of this person');
      return { id, email, accounts };
    }
    // Locked before it is read: what the portal takes away at this moment is not given back.
    const [known] = await lockVouchedUsers(transaction, { billerId, source: SOURCE }, [id]);
    if (known === undefined) throw noAccount('the portal has given no accounts for the sub of this person');
    const theirs = await accountsOf(transaction, known);
    if (theirs.length === 0) throw noAccount('the portal has given this person no account');
    return { id, email, accounts: theirs };
  }

  return async (biller, { user: said, provenAt, acr, sid, idToken }, { reference, address, previousSession }) => {
    const by: Saying = { billerId: biller.id, source: SOURCE, actor: 'OpenID Connect provider', reference, address };
    const { session, change } = await database.transaction(async (transaction) => {
      // A biller that has another provider since would take this one's person for somebody else.
      if (!(await holdBiller(transaction, biller))) {
        throw new IdpError('flow_unknown', { detail: 'the biller was changed during the sign-in at its provider' });
      }
      const user = await completed(transaction, biller.id, said);
      const change = await portalUsers.putWithin(transaction, user, by);
      const row = { id: change.userId, passwordHash: null, emailKey: null };
      const { oidcAcr } = biller.settings;
      const authnContext = acr !== undefined && Object.hasOwn(oidcAcr, acr) ? (oidcAcr[acr] ?? null) : null;
      const provider = { provenAt, authnContext, providerSession: sid, idToken };
      const session = await sessions.start(transaction, biller, row, previousSession, { provider });
      if (session === undefined) throw new IdpError('sign_in_disabled', { detail: 'the portal user is disabled' });
      await audit.appendWithin(transaction, {
        event: 'sign_in.succeeded',
        reference,
        billerId: biller.id,
        userId: change.userId,
        address,
        email: user.email,
        details: { beganBy: 'oidc' },
      });
      return { session, change };
    });
    await portalUsers.settled(change);
    return session;
  };
}
