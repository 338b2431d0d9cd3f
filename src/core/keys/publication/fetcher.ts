import { BlockList, isIP } from 'node:net';

/** The client that fetches metadata. */
export interface Fetcher {
  readonly address: string;
  /** The User-Agent; empty if not sent. */
  readonly client: string;
}

/** Chat and mail programs that open every URL they see. Such a fetch does not mean that anyone saved the metadata. */
const PREVIEWS =
  /bot\b|preview|facebookexternalhit|whatsapp|telegram|slack|skype|teams|discord|outlook|safelinks|barracuda|proofpoint|mimecast/i;

/** Tells whether the text is an address or a network, e.g. 10.0.0.0/8 or 2001:db8::1. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Tells whether an address is in one of the networks. Entries that are not networks are ignored. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks.filter(isNetwork)) {
    const [base = '', bits] = network.split('/');
    const family = isIP(base) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(base, family);
    else list.addSubnet(base, Number(bits), family);
  }
  // IPv4 clients of an IPv6 socket have a mapped address.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

const isOneOf = ({ address, client }: Fetcher, who: readonly string[]) =>
  isWithin(address, who) || who.some((text) => !isNetwork(text) && client.toLowerCase().includes(text.toLowerCase()));

/**
 * Tells whether the fetcher is the Service Provider, according to the biller's settings: not one of our own monitors
 * and, if the Service Provider's clients are listed, one of those. Metadata is public, so anyone may fetch it.
 *
 * @param settings addresses, networks, or parts of the User-Agent
 */
export function isServiceProvider(
  fetcher: Fetcher,
  { monitors, metadataClients }: { readonly monitors: readonly string[]; readonly metadataClients: readonly string[] },
): boolean {
  return !isOneOf(fetcher, monitors) && (metadataClients.length === 0 || isOneOf(fetcher, metadataClients));
}

/** Tells whether the fetcher only renders a link preview. */
export const isPreview = ({ client }: Fetcher): boolean => PREVIEWS.test(client);
