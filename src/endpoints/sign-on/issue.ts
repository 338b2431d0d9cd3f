import type { AuditWriter } from '../../core/audit/writer.ts';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';
import type { Biller } from '../../core/billers/biller.ts';
import { type Account, claimedAccounts, claimsOf, loginTypeFor } from '../../core/billers/claims.ts';
import { encryptionFor } from '../../core/billers/encryption.ts';
import { nameIdOf } from '../../core/billers/name-id.ts';
import type { Keys, SigningKey } from '../../core/keys/keys.ts';
import type { Session } from '../../core/sessions/sessions.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import { makeResponse } from '../../protocols/saml/writing/response.ts';

interface IssueServices {
  readonly keys: Keys;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

/** The parts of one assertion. */
interface Issuance {
  readonly biller: Biller;
  readonly accepted: AcceptedRequest;
  readonly session: Session;
  readonly account: Account;
  readonly reference: string;
  /** The client of the request. */
  readonly address: string;
}

/** What was issued. */
export interface Issued {
  /** The signed Response, as XML. */
  readonly response: string;
  readonly assertionId: string;
  /** Fingerprint of the key that signed. */
  readonly key: string;
}

/** @throws IdpError; OutdatedState if something was read too early */
export type Issue = (issuance: Issuance) => Promise<Issued>;

/**
 * @param key undefined if the biller has no active key
 * @param now milliseconds since 1970
 * @returns the key to sign with
 * @throws IdpError signing_key_unavailable if there is none, or it has expired and the biller's settings refuse that
 */
export function requireSigningKey(key: SigningKey | undefined, { settings }: Biller, now: number): SigningKey {
  if (key === undefined) {
    throw new IdpError('signing_key_unavailable', { detail: 'the biller has no active signing key' });
  }
  if (settings.expiredKey === 'refuse' && now >= key.notAfter.getTime()) {
    const detail = `the certificate ${key.fingerprint} expired on ${key.notAfter.toISOString()}`;
    throw new IdpError('signing_key_unavailable', { detail });
  }
  return key;
}

/**
 * Answers an accepted request: claims, audit row, signature, in this order. The row is committed before anything is
 * signed, and the database accepts one row per request, so a request is answered once, whichever instance it reaches. It
 * accepts the row only while everything that the assertion relies on is still so, whatever this instance has cached.
 */
export function createIssue({ keys, audit, clock }: IssueServices): Issue {
  return async ({ biller, accepted, session, account, reference, address }) => {
    const key = await keys.forSigning(biller.id, session.user.id);
    const { signer, fingerprint } = requireSigningKey(key, biller, clock());
    const { settings, serviceProvider } = biller;
    const attributes = claimsOf(settings, session.user.email, account, session.accounts);
    const others = claimedAccounts(settings, account, session.accounts).filter(
      ({ number }) => number !== account.number,
    );
    const assertionId = newSamlId();
    const first = await audit.append(
      {
        event: 'assertion.issued',
        reference,
        billerId: biller.id,
        userId: session.user.id,
        address,
        email: session.user.email,
        account: account.number,
        otherAccounts: others.map(({ number }) => number),
        loginType: loginTypeFor(settings, account),
        requestId: accepted.requestId,
        assertionId,
        keyFingerprint: fingerprint,
        details: {
          acs: accepted.acsUrl,
          nameIdFormat: accepted.nameIdFormat,
          signed: settings.sign,
          beganBy: session.beganBy,
        },
      },
      {
        billerVersion: biller.version,
        key: fingerprint,
        session: { idHash: session.idHash, userVersion: session.user.version },
      },
    );
    if (!first) throw new IdpError('request_replayed', { detail: `request ${accepted.requestId} was answered before` });
    const now = clock();
    const response = await makeResponse(
      newSamlId(),
      {
        id: assertionId,
        issuer: biller.entityId,
        issueInstant: now,
        ...nameIdOf(biller, session.user, accepted.nameIdFormat),
        recipient: accepted.acsUrl,
        inResponseTo: accepted.requestId,
        notBefore: now - settings.clockSkewSeconds * 1000,
        notOnOrAfter: now + settings.assertionLifetimeSeconds * 1000,
        audience: serviceProvider.entityId,
        // The provider's clock may be ahead of ours.
        authnInstant: Math.min(session.provenAt ?? session.authenticatedAt, session.authenticatedAt),
        sessionIndex: session.sessionIndex,
        authnContextClassRef: accepted.authnContextClassRef,
        attributes,
      },
      settings.sign,
      signer,
      encryptionFor(biller),
    );
    return { response, assertionId, key: fingerprint };
  };
}
