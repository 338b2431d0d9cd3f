import type { KeyedHash } from '../../core/audit/keyed-hash.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { Biller } from '../../core/billers/biller.ts';
import { verifyPassword } from '../../core/portal-users/password.ts';
import { emailKeyOf, findUser } from '../../core/portal-users/store.ts';
import type { Db } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import type { Throttle } from './throttle.ts';

/** What a person typed, and from where. */
interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly address: string;
  readonly reference: string;
}

/** Longer than any password a person types; hashing more would only help an attacker waste CPU. */
const MAX_PASSWORD_CHARACTERS = 1024;

interface SignInServices {
  readonly db: Db;
  readonly keyedHash: KeyedHash;
  readonly throttle: Throttle;
  readonly audit: AuditWriter;
}

/** Checks a sign-in against the embedded directory. @returns the portal user's id @throws IdpError */
export type SignIn = (biller: Biller, credentials: Credentials) => Promise<string>;

/**
 * The embedded directory's sign-in: throttled, and with the same answer after the same time for an unknown user, a wrong
 * password and a disabled user.
 */
export function createSignIn({ db, keyedHash, throttle, audit }: SignInServices): SignIn {
  return async (biller, { email, password, address, reference }) => {
    const about = { reference, billerId: biller.id, address, email: emailKeyOf(email) };
    // The table of attempts must not reveal whose they are.
    const account = keyedHash.email(`${biller.id} ${emailKeyOf(email)}`);
    try {
      await throttle.attempt(account, address);
    } catch (error) {
      if (error instanceof IdpError) {
        await audit.append({ event: 'sign_in.failed', ...about, details: { reason: 'throttled' } });
      }
      throw error;
    }
    const user = await findUser(db, biller.id, email);
    const matches = await verifyPassword(user?.passwordHash, password.slice(0, MAX_PASSWORD_CHARACTERS));
    if (user === undefined || !matches || user.disabled || password.length > MAX_PASSWORD_CHARACTERS) {
      const reason = user === undefined ? 'unknown_user' : matches ? 'disabled' : 'wrong_password';
      await audit.append({ event: 'sign_in.failed', ...about, userId: user?.id, details: { reason } });
      throw new IdpError('sign_in_failed', { detail: `sign-in failed: ${reason}` });
    }
    await throttle.succeeded(account, address);
    await audit.append({ event: 'sign_in.succeeded', ...about, userId: user.id, details: {} });
    return user.id;
  };
}
