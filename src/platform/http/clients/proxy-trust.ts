import { isIPv6 } from 'node:net';

/** Prefixes of the smallest networks that are wider than a few proxies: 256 addresses are not. */
const WIDER_THAN_BITS = { ipv4: 24, ipv6: 120 };

function isWide(part: string): boolean {
  if (part === 'loopback') return false;
  if (part === 'uniquelocal' || part === 'linklocal') return true;
  const [address = '', bits] = part.split('/');
  return bits !== undefined && Number(bits) < (isIPv6(address) ? WIDER_THAN_BITS.ipv6 : WIDER_THAN_BITS.ipv4);
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');

/**
 * Finds trust in more clients than reverse proxies: each of them can claim any address (X-Forwarded-For), and so get
 * around the sign-in throttle, and around the networks that may fetch metadata.
 *
 * @returns what is wrong, in one sentence; undefined if nothing is
 */
export function tooMuchTrust({
  TRUST_PROXY,
  HOST,
}: {
  readonly TRUST_PROXY?: string | undefined;
  readonly HOST: string;
}): string | undefined {
  if (TRUST_PROXY === undefined) return undefined;
  if (/^\d+$/.test(TRUST_PROXY)) {
    if (isLoopback(HOST)) return undefined;
    return `TRUST_PROXY=${TRUST_PROXY} trusts every client that reaches ${HOST} directly: it can claim any address`;
  }
  const wide = TRUST_PROXY.split(',')
    .map((part) => part.trim())
    .filter(isWide);
  if (wide.length === 0) return undefined;
  return `TRUST_PROXY trusts every client in ${wide.join(' and ')}: each can claim any address`;
}
