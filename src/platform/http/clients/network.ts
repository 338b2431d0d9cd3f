import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * The network that an address is counted under: a holder of one IPv6 address usually has the 2^64 of its /64 (RFC 6177).
 *
 * @returns the IPv4 address, or the first half of the IPv6 address; `unknown` for anything else
 */
export function networkOf(address: string): string {
  // A proxy may pass on anything as an address, of any length.
  if (isIP(address) === 0) return 'unknown';
  const parsed = ipaddr.process(address);
  return 'parts' in parsed
    ? parsed.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')
    : parsed.toString();
}
