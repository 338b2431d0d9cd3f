import { randomBytes } from 'node:crypto';
import { type Biller, meaningOf } from '../billers/biller.ts';
import { ExpiringMap } from '../expiring-map.ts';
import type { RequestedPage } from '../redirect-link.ts';
import { Refusal } from '../refusal.ts';
import { readAssertion } from './assertion.ts';
import { readClaims } from './claims.ts';
import { checkEnvelope, openResponse } from './response-envelope.ts';
import {
  maxAssertionAgeMs,
  type OutgoingRequest,
  requestIdCache,
  serviceProviderUrls,
  signOnLifeMs,
  verifyResponse,
  writeAuthnRequest,
} from './service-provider.ts';
import { refused } from './strictness.ts';

/** What the sandbox learned from a sign-on; shown on the landing page. */
export interface SignedOn {
  readonly billerGuid: string;
  readonly biller: string;
  readonly account: string;
  readonly email: string;
  readonly loginType: number;
  readonly loginTypeMeaning: string | null;
  readonly viewMode: 0 | 1;
  readonly deepLinkId: number;
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly issuer: string;
  readonly assertionId: string;
  readonly inResponseTo: string;
  readonly authnInstant: string;
  readonly claims: Readonly<Record<string, string>>;
}

interface PendingSignOn extends RequestedPage {
  readonly billerGuid: string;
  readonly requestId: string;
}

/** Pending sign-ons: starts them with an AuthnRequest, completes them with a Response. */
export class SignOn {
  readonly #publicUrl: string;
  readonly #requestIds = requestIdCache();
  readonly #pending = new ExpiringMap<PendingSignOn>(signOnLifeMs, 10_000);
  // Kept for longer than an assertion can be accepted.
  readonly #seenAssertions = new ExpiringMap<true>(maxAssertionAgeMs + 60_000, 50_000);

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl;
  }

  /** Writes the AuthnRequest and remembers, under an opaque RelayState, where the sign-on should end. */
  async start(biller: Biller, page: RequestedPage): Promise<OutgoingRequest> {
    const relayState = randomBytes(32).toString('base64url');
    const urls = serviceProviderUrls(this.#publicUrl, biller.guid);
    const { id, request } = await writeAuthnRequest(biller, urls, this.#requestIds, relayState);
    this.#pending.set(relayState, { ...page, billerGuid: biller.guid, requestId: id });
    return request;
  }

  /**
   * Validates a Response.
   * @param encodedResponse the field SAMLResponse
   * @param relayState the field RelayState; valid for one attempt, whatever its outcome
   * @throws Refusal that says what is wrong
   */
  async finish(biller: Biller, encodedResponse: string, relayState: string, now = Date.now()): Promise<SignedOn> {
    const pending = this.#pending.take(relayState);
    if (pending === undefined || pending.billerGuid !== biller.guid) {
      throw new Refusal(
        'unknown-relay-state',
        403,
        'The RelayState is unknown: it was not issued here, was already used, or is older than ten minutes.',
        'Start again from the portal.',
      );
    }
    const urls = serviceProviderUrls(this.#publicUrl, biller.guid);
    const expected = { acs: urls.acs, requestId: pending.requestId, idpEntityId: biller.copied.entityId };
    const envelope = openResponse(encodedResponse);
    let verified: string;
    try {
      verified = await verifyResponse(biller, urls, this.#requestIds, encodedResponse, envelope.signed);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw refused(`node-saml refused the Response: ${reason}`, error);
    }
    checkEnvelope(envelope, expected, now);
    const assertion = readAssertion(verified, expected, now);
    this.#refuseReplay(assertion.id);
    const claims = readClaims(biller, assertion.attributes, pending.account);
    return {
      billerGuid: biller.guid,
      biller: biller.name,
      ...claims,
      loginTypeMeaning: meaningOf(biller, claims.loginType) ?? null,
      viewMode: pending.viewMode,
      deepLinkId: pending.deepLinkId,
      nameId: assertion.nameId,
      nameIdFormat: assertion.nameIdFormat,
      issuer: assertion.issuer,
      assertionId: assertion.id,
      inResponseTo: pending.requestId,
      authnInstant: assertion.authnInstant,
      claims: Object.fromEntries([...assertion.attributes].map(([name, values]) => [name, values.join(', ')])),
    };
  }

  #refuseReplay(assertionId: string): void {
    if (this.#seenAssertions.get(assertionId) !== undefined) {
      throw refused(`The assertion ${assertionId} was already used.`);
    }
    if (!this.#seenAssertions.hasRoom()) {
      // Forgetting an older one would allow it to be replayed.
      throw refused('There are too many sign-ons to keep track of. Try again in a few minutes.');
    }
    this.#seenAssertions.set(assertionId, true);
  }
}
