import type { Check } from '../check.ts';

/** SAML core, 3.4.1: ForceAuthn and IsPassive are kept once it is known who is signed in. */
export const interaction: Check = ({ request, now }) => ({
  forceAuthn: request.forceAuthn,
  isPassive: request.isPassive,
  receivedAt: now,
});
