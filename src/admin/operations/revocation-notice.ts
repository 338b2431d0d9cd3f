import type { Biller } from '../../core/billers/biller.ts';

/** What to tell whom after the active key was revoked and replaced: nobody else can do these things. */
export function tellOf(biller: Biller): string[] {
  return [
    `Invoice Cloud, now: "The signing key of ${biller.name} (BillerGUID ${biller.billerGuid}) was revoked. Please save the metadata URL ${biller.entityId} again in the biller's form, and remove the old certificate." Until they have, sign-ons of this biller are refused there.`,
    `${biller.name}: "Paying bills from the portal is interrupted until Invoice Cloud has taken the new certificate."`,
    'Whoever looks into the incident: what the key signed, and for whom, is in `ic-idp audit --event assertion.issued`.',
    'Whether Invoice Cloud has fetched the new certificate shows in `ic-idp key status`.',
  ];
}
