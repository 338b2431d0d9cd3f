import { BlockList, isIP } from 'node:net';

/** Who fetches metadata. */
export interface Fetcher {
  readonly address: string;
  /** The User-Agent; empty where none came. */
  readonly client: string;
}

/** Chat and mail programs that open every address they are shown. Nobody behind them has saved a form. */
const PREVIEWS =
  /bot\b|preview|facebookexternalhit|whatsapp|telegram|slack|skype|teams|discord|outlook|safelinks|barracuda|proofpoint|mimecast/i;

/** Says whether the text is an address or a network, e.g. 10.0.0.0/8 or 2001:db8::1. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Says whether an address lies in one of the networks. What is no network is passed over. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks.filter(isNetwork)) {
    const [base = '', bits] = network.split('/');
    const family = isIP(base) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(base, family);
    else list.addSubnet(base, Number(bits), family);
  }
  // An IPv4 client of a socket that listens on IPv6 has a mapped address.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

const isOneOf = ({ address, client }: Fetcher, who: readonly string[]) =>
  isWithin(address, who) || who.some((text) => !isNetwork(text) && client.toLowerCase().includes(text.toLowerCase()));

/**
 * Says whether the fetcher is the other side, as the biller's settings tell: not a probe of our own; and where it is known
 * who the other side is, one of those. Metadata is public, and anybody may fetch it.
 *
 * @param settings addresses, networks, or parts of the User-Agent
 */
export function isServiceProvider(
  fetcher: Fetcher,
  { monitors, metadataClients }: { readonly monitors: readonly string[]; readonly metadataClients: readonly string[] },
): boolean {
  return !isOneOf(fetcher, monitors) && (metadataClients.length === 0 || isOneOf(fetcher, metadataClients));
}

/** Says whether the fetcher only shows somebody what an address leads to. */
export const isPreview = ({ client }: Fetcher): boolean => PREVIEWS.test(client);
