import { isIP } from 'node:net';
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** The client that fetches metadata. */
export interface Fetcher {
  readonly address: string;
  /** The User-Agent; empty if there was none. */
  readonly client: string;
  /** The header that shows that a browser sent the request, if one does. */
  readonly browserHeader?: string | undefined;
}

/** Chat and mail programs that open every link they see. None of them has saved Invoice Cloud's form. */
const PREVIEWS =
  /bot\b|preview|facebookexternalhit|whatsapp|telegram|slack|skype|teams|discord|outlook|safelinks|barracuda|proofpoint|mimecast/i;

/** Chooses what a text is before its numbers are read: ipaddr.js also reads IPv4 addresses in fewer than four parts. */
const isPlain = (text: string) => isIP(text) !== 0;

/** @returns the address or network, e.g. 10.0.0.0/8 or 2001:db8::1; undefined if the text is neither */
function parseNetwork(text: string): [IPv4 | IPv6, number] | undefined {
  const [address = '', bits, ...rest] = text.split('/');
  if (!isPlain(address) || rest.length > 0) return undefined;
  const parsed = ipaddr.parse(address);
  const most = parsed.kind() === 'ipv4' ? 32 : 128;
  if (bits === undefined) return [parsed, most];
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? [parsed, Number(bits)] : undefined;
}

/** @returns whether the text is an address or a network, e.g. 10.0.0.0/8 or 2001:db8::1 */
export const isNetwork = (text: string): boolean => parseNetwork(text) !== undefined;

/** @returns whether an address lies in one of the networks. Anything that is not a network is ignored */
export function isWithin(address: string, networks: readonly string[]): boolean {
  if (!isPlain(address)) return false;
  // An IPv4 client of a socket that listens on IPv6 has a mapped address.
  const plain = ipaddr.process(address);
  return networks.some((text) => {
    const network = parseNetwork(text);
    return network !== undefined && network[0].kind() === plain.kind() && plain.match(network);
  });
}

const isOneOf = ({ address, client }: Fetcher, who: readonly string[]) =>
  isWithin(address, who) || who.some((text) => !isNetwork(text) && client.toLowerCase().includes(text.toLowerCase()));

/** Addresses, networks, or parts of the User-Agent. */
interface Clients {
  readonly monitors: readonly string[];
  readonly metadataClients: readonly string[];
}

/** @returns whether the fetcher is one of the Service Provider's clients that the biller's settings list */
export const isKnown = (fetcher: Fetcher, { monitors, metadataClients }: Clients): boolean =>
  isOneOf(fetcher, metadataClients) && !isOneOf(fetcher, monitors);

/**
 * Decides by the biller's settings whether the fetcher may be the Service Provider: it is none of our own probes, no
 * browser and, if the Service Provider's clients are known, one of those. Metadata is public, and anyone may fetch it.
 */
export function isServiceProvider(fetcher: Fetcher, clients: Clients): boolean {
  if (isOneOf(fetcher, clients.monitors) || fetcher.browserHeader !== undefined) return false;
  return clients.metadataClients.length === 0 || isKnown(fetcher, clients);
}

/** @returns whether the fetcher only makes a preview of a link */
export const isPreview = ({ client }: Fetcher): boolean => PREVIEWS.test(client);

/** @returns whether the fetcher calls itself a browser, as scanners of mail do */
export const looksLikeBrowser = ({ client }: Fetcher): boolean => /^mozilla\//i.test(client);
