import type { Biller } from '../../../core/billers/biller.ts';

/** @returns whom to notify after the active key was revoked and replaced, one message each */
export function revocationNotice(biller: Biller): string[] {
  return [
    `Invoice Cloud, now: "The signing key of ${biller.name} (BillerGUID ${biller.billerGuid}) was revoked. Please save the metadata URL ${biller.metadataUrl} again in the biller's form, and remove the old certificate." Until they have, sign-ons of this biller are refused there.`,
    `${biller.name}: "Paying bills from the portal is interrupted until Invoice Cloud has the new certificate."`,
    'Those who investigate the incident: the audit events `assertion.issued` show what the key signed, and for whom.',
    `Yourself: \`ic-idp key status ${biller.slug}\` shows whether Invoice Cloud has fetched the new certificate. Then sign on, and say what it did with \`ic-idp key canary ${biller.slug}\`.`,
  ];
}
