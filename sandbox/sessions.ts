import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ExpiringMap } from './expiring-map.ts';
import type { SignedOn } from './saml/sign-on.ts';

const lifeMs = 30 * 60_000;
// Cookies are shared across ports, so these names must differ from those of other programs on the same machine.
const topCookie = 'sandbox_session';
const framedCookie = 'sandbox_framed_';

/** Tells the frames of one page apart: two of them may show two accounts side by side. */
export const frameIdOf = ({ assertionId }: SignedOn): string => assertionId.replaceAll(/\W/g, '').slice(-16);

/** Who is signed on to the sandbox. The cookie is valid only for one biller's pages. */
export class Sessions {
  readonly #sessions = new ExpiringMap<SignedOn>(lifeMs, 5_000);
  readonly #https: boolean;

  constructor(publicUrl: string) {
    this.#https = publicUrl.startsWith('https:');
  }

  /** Starts a session, and sets its cookie. */
  begin(reply: FastifyReply, signedOn: SignedOn): void {
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(id, signedOn);
    const common = { path: `/pay/${signedOn.billerGuid}`, httpOnly: true };
    if (signedOn.viewMode === 1) {
      // Inside another site's iframe, only a partitioned cookie survives third-party cookie blocking.
      reply.setCookie(framedCookie + frameIdOf(signedOn), id, {
        ...common,
        secure: true,
        sameSite: 'none',
        partitioned: true,
      });
    } else {
      reply.setCookie(topCookie, id, { ...common, secure: this.#https, sameSite: 'lax' });
    }
  }

  /** The user signed on for this biller, or undefined. @param frame undefined at top level */
  find(request: FastifyRequest, billerGuid: string, frame: string | undefined): SignedOn | undefined {
    const id = request.cookies[frame === undefined ? topCookie : framedCookie + frame];
    const signedOn = id === undefined ? undefined : this.#sessions.get(id);
    return signedOn?.billerGuid === billerGuid ? signedOn : undefined;
  }
}
