import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Somebody who is signed in to the portal. */
interface Session {
  readonly userId: string;
  /** The account that the pages are about. */
  account: string;
  readonly expiresAt: number;
}

const LIFETIME_MS = 8 * 3600_000;
const MOST = 1_000;
/** Cookies have no port: a name of its own keeps it apart from those of the other programs of the demo. */
const COOKIE = 'riverton-portal';

/** The sessions of the portal, in memory. */
export class PortalSessions {
  readonly #sessions = new Map<string, Session>();
  readonly #secure: boolean;

  constructor(publicUrl: string) {
    this.#secure = publicUrl.startsWith('https:');
  }

  find({ cookies }: FastifyRequest): Session | undefined {
    const session = this.#sessions.get(cookies[COOKIE] ?? '');
    return session !== undefined && session.expiresAt > Date.now() ? session : undefined;
  }

  /** Begins a session under a new ID, so that nobody can have prepared it. */
  begin(reply: FastifyReply, userId: string, account: string): void {
    this.end(reply);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MOST && oldest !== undefined) this.#sessions.delete(oldest);
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(id, { userId, account, expiresAt: Date.now() + LIFETIME_MS });
    reply.setCookie(COOKIE, id, { path: '/', httpOnly: true, sameSite: 'lax', secure: this.#secure });
  }

  end(reply: FastifyReply): void {
    this.#sessions.delete(reply.request.cookies[COOKIE] ?? '');
    reply.clearCookie(COOKIE, { path: '/' });
  }
}
