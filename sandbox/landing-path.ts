import type { Destination } from './destinations.ts';
import type { SignedOn } from './saml/sign-on.ts';
import { frameIdOf } from './sessions.ts';

/** The path of a landing page. In ViewMode 1 it names the frame, because each has a cookie of its own. */
export function landingPath(signedOn: SignedOn, destination: Destination): string {
  const inFrame = signedOn.viewMode === 1 ? `?ViewMode=1&Frame=${frameIdOf(signedOn)}` : '';
  return `/pay/${signedOn.billerGuid}/${destination.slug}${inFrame}`;
}
