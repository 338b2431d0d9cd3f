import { createHmac, randomBytes } from 'node:crypto';
import type { Db, Transaction } from '../../platform/database/database.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import { WEBHOOK } from '../secrets/sealed-facts.ts';
import { deleteFact, readFact, writeFact } from '../secrets/store.ts';
import { requireKnownSealer } from '../secrets/verify-master-key.ts';

/** The installation's only webhook, stored sealed. */
interface Webhook {
  readonly url: string;
  /** The secret that signs deliveries: 32 bytes in base64. */
  readonly secret: string;
}

const TIMEOUT_MS = 10_000;
/** The connection failed, so nothing arrived. */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_.*|.*SELF_SIGNED.*|ERR_TLS.*)$/;

export async function readWebhook(db: Db, masterKey: MasterKey): Promise<Webhook | undefined> {
  const sealed = await readFact(db, WEBHOOK);
  if (sealed === undefined) return undefined;
  return JSON.parse(masterKey.unseal(Buffer.from(sealed, 'base64'), WEBHOOK).toString('utf8')) as Webhook;
}

/** @returns its new secret, to be shown once to the operator of the receiver */
export async function writeWebhook(transaction: Transaction, masterKey: MasterKey, url: string): Promise<string> {
  const secret = randomBytes(32).toString('base64');
  const sealed = masterKey.seal(Buffer.from(JSON.stringify({ url, secret } satisfies Webhook)), WEBHOOK);
  await requireKnownSealer(transaction, masterKey, sealed, WEBHOOK);
  await writeFact(transaction, WEBHOOK, sealed.toString('base64'));
  return secret;
}

export async function deleteWebhook(db: Db): Promise<boolean> {
  return deleteFact(db, WEBHOOK);
}

/**
 * Signs a delivery.
 *
 * @param seconds since 1970; the receiver should refuse old ones
 * @returns `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>", hexadecimal>`
 */
function signDelivery(secret: string, seconds: number, body: string): string {
  const hmac = createHmac('sha256', Buffer.from(secret, 'base64')).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hmac}`;
}

/** `refused`: certainly not accepted, may be retried. `unknown`: it may have been accepted, so it is not sent again. */
export interface Sent {
  readonly outcome: 'delivered' | 'refused' | 'unknown';
  /** Why it was not delivered, as a clause. */
  readonly reason?: string;
}

/** Attempts one delivery of a body. @param now milliseconds since 1970 */
export async function send({ url, secret }: Webhook, body: string, now: number): Promise<Sent> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      // Not followed: the address was checked when it was set.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'ic-idp',
        'ic-idp-signature': signDelivery(secret, Math.floor(now / 1000), body),
      },
      body,
    });
    await response.body?.cancel();
    if (response.ok) return { outcome: 'delivered' };
    return { outcome: 'refused', reason: `it answered ${`${response.status} ${response.statusText}`.trim()}` };
  } catch (error) {
    const { name, message, cause } = error as Error;
    const { code, message: why } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
    const reason = name === 'TimeoutError' ? `it did not answer within ${TIMEOUT_MS / 1000} s` : (why ?? message);
    return { outcome: code !== undefined && NOT_SENT.test(code) ? 'refused' : 'unknown', reason };
  }
}
