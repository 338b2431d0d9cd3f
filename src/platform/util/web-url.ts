/** The characters of RFC 3986, 2: anything else must be percent-encoded, and a host in another script in Punycode. */
const ALLOWED = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/;
const MAX_HOST = 253;
/** A label of a host name. Underscores are in use, though no standard has them. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** A last label of digits makes the URL parser read an IPv4 address, in one of its many spellings. */
const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;

const isPossibleHost = (host: string) =>
  host.startsWith('[') ||
  IPV4.test(host) ||
  (host.length <= MAX_HOST &&
    host
      .replace(/\.$/, '')
      .split('.')
      .every((label) => LABEL.test(label)));

/** The part between the slashes and the path: user and host with its port, as they were written. */
const authorityOf = (text: string) => /^[a-z]+:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
const rawHostOf = (text: string) => authorityOf(text).replace(/^.*@/, '').replace(/:\d*$/, '').toLowerCase();

/**
 * Tells what is wrong with an http or https URL that will be used as it is written. The URL parser of the platform mends
 * a great deal: `https:/sp.example`, backslashes, spaces, `0x7f.1`. A text that needs mending is another URL for the next
 * program that reads it, so only one that needs none is accepted (RFC 3986, 4.3).
 *
 * @returns a clause such as "https: must be followed by two slashes"; undefined if nothing is wrong
 */
export function faultOfUrl(text: string): string | undefined {
  const strange = [...text].find((character) => !ALLOWED.test(character));
  if (strange === ' ') return 'it contains a space';
  if (strange !== undefined) {
    return /\p{C}|\s/u.test(strange)
      ? 'it contains a line break or another invisible character'
      : `it contains the character ${strange}, which must be percent-encoded (in a host name: written in Punycode)`;
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0].toLowerCase();
  if (scheme !== 'https:' && scheme !== 'http:') return 'it does not begin with https://';
  if (!/^[a-z]+:\/\/[^/]/i.test(text)) return `${scheme} must be followed by two slashes and a host`;
  if (/%(?![0-9a-f]{2})/i.test(text)) return 'a % in it is not followed by two hexadecimal digits';
  if (!URL.canParse(text)) return 'its host or port is impossible';
  const url = new URL(text);
  const host = rawHostOf(text);
  if (url.hostname !== host) return `its host "${host}" would be read as "${url.hostname}"`;
  if (!isPossibleHost(host)) return `its host "${host}" is impossible`;
  if (/:(?:0\d*)?$/.test(authorityOf(text))) return 'its port is empty or begins with 0';
  const path = text.slice(text.indexOf('//') + 2 + authorityOf(text).length).replace(/[?#].*$/s, '');
  if (url.pathname !== (path === '' ? '/' : path)) return 'its path contains . or .. as a segment';
  return undefined;
}

/** RFC 3986, 6.2.2: hexadecimal digits in upper case, and no encoding of characters that need none. */
const normalizeEncoding = (text: string) =>
  text.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : encoded.toUpperCase();
  });

/**
 * Compares two URLs as RFC 3986, 6.2 does: the case of scheme and host, a default port, an empty path and needless
 * percent-encoding make no difference. Path and query do.
 *
 * @returns false if one of them is not an http or https URL without faults
 */
export function isSameUrl(one: string, other: string): boolean {
  if (one === other) return true;
  if (faultOfUrl(one) !== undefined || faultOfUrl(other) !== undefined) return false;
  const [a, b] = [one, other].map((text) => normalizeEncoding(new URL(text).href));
  return a === b;
}

/** localhost and its subdomains, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/**
 * Tells what is wrong with a URL that people are sent to or documents are fetched from: https, or http for this machine
 * only, without user, password or fragment.
 *
 * @returns a clause; undefined if nothing is wrong
 */
export function faultOfSecureUrl(text: string): string | undefined {
  const fault = faultOfUrl(text);
  if (fault !== undefined) return fault;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'it contains a user name or a password';
  if (text.includes('#')) return 'it has a fragment (#)';
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return 'http is for localhost only';
  return undefined;
}

/** Names that only mean something on one machine or in one network (RFC 6761, RFC 6762, and what ICANN keeps free). */
const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|invalid|home\.arpa)$/;

/**
 * Tells what is wrong with a host that people anywhere are to reach by its name.
 *
 * @param host as in a URL, in lower case
 * @returns a clause; undefined if nothing is wrong
 */
export function faultOfPublicHost(host: string): string | undefined {
  const name = host.replace(/\.$/, '');
  if (name.startsWith('[') || IPV4.test(name)) return `its host "${host}" is an address, not a name`;
  if (name.length > MAX_HOST || !name.split('.').every((label) => LABEL.test(label))) {
    return `its host "${host}" is impossible`;
  }
  if (!/\.[a-z](?:[a-z0-9-]*[a-z0-9])$/.test(name) || PRIVATE_NAMES.test(name)) {
    return `its host "${host}" can't be reached from everywhere`;
  }
  return undefined;
}

/**
 * Tells what is wrong with the URL of a page that portal users are offered: https, at a host that they can reach, without
 * user or password. A fragment is part of it: it may name a place on the page.
 *
 * @returns a clause; undefined if nothing is wrong
 */
export function faultOfPublicUrl(text: string): string | undefined {
  if (!/^https:/i.test(text)) return 'it does not begin with https://';
  return faultOfUrl(text) ?? faultOfSecureUrl(text.replace(/#.*$/s, '')) ?? faultOfPublicHost(new URL(text).hostname);
}

/** The same for an origin: scheme and host, and a port unless it is the default one (RFC 6454, 6.1). */
export function faultOfSecureOrigin(text: string): string | undefined {
  const fault = faultOfSecureUrl(text);
  if (fault !== undefined) return fault;
  const { origin, hostname } = new URL(text);
  // To DNS it is the same host, to everything that compares names another one.
  if (hostname.endsWith('.'))
    return `as an origin it is written ${origin.replace(/\.(?=:\d+$|$)/, '')}, without the dot at the end`;
  return origin === text ? undefined : `as an origin it is written ${origin}`;
}
