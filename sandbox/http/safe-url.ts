/**
 * Reads an absolute URL that this program may use or publish: https, or http for localhost.
 * @returns the URL, or undefined if it is malformed, has a user name, or uses plain http elsewhere
 */
export function checkedUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) {
    return undefined;
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return undefined;
  }
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)) ? url : undefined;
}

function isLoopback(hostname: string): boolean {
  // The URL parser has already normalized every notation of an IPv4 address to four decimal numbers.
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$/.test(hostname)
  );
}
