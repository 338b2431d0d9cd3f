import { describe, expect, test } from 'vitest';
import {
  faultOfSecureOrigin,
  faultOfSecureUrl,
  faultOfUrl,
  isLoopback,
  isSameUrl,
} from '../../../src/platform/util/web-url.ts';

describe('a URL that is used as it is written', () => {
  test.each([
    'https://sp.example',
    'https://sp.example/acs?a=1&b=%7E',
    'https://SP.Example:8443/acs;v=1',
    'https://xn--bcher-kva.example/',
    'https://192.0.2.7/acs',
    'https://[2001:db8::1]:444/acs',
    "https://sp.example/?q='a'",
    'http://my_host/',
  ])('%s is accepted', (text) => {
    expect(faultOfUrl(text)).toBeUndefined();
  });

  // The platform's parser reads each of these, as another URL than the text.
  test.each([
    ['https:/sp.example/acs', 'https: must be followed by two slashes and a host'],
    ['https:sp.example/acs', 'https: must be followed by two slashes and a host'],
    ['https:///sp.example/acs', 'https: must be followed by two slashes and a host'],
    ['https:\\\\sp.example\\acs', 'it contains the character \\'],
    ['https://sp.example/a b', 'it contains a space'],
    ['https://sp.example/a\nb', 'it contains a line break'],
    ['https://bücher.example/', 'it contains the character ü'],
    ['https://sp.example/{tenant}', 'it contains the character {'],
    ['https://127.1/', 'its host "127.1" would be read as "127.0.0.1"'],
    ['https://0x7f000001/', 'its host "0x7f000001" would be read as "127.0.0.1"'],
    ['https://sp.example:/acs', 'its port is empty or begins with 0'],
    ['https://sp.example/a/../b', 'its path contains . or ..'],
    ['https://sp.example/%2E%2e/b', 'its path contains . or ..'],
  ])('%j is refused, because the parser mends it', (text, fault) => {
    expect(URL.canParse(text)).toBe(true);
    expect(faultOfUrl(text)).toContain(fault);
  });

  test.each([
    ['sp.example/acs', 'it does not begin with https://'],
    ['ftp://sp.example/', 'it does not begin with https://'],
    ['https://', 'two slashes and a host'],
    ['https://sp..example/', 'its host "sp..example" is impossible'],
    ['https://-sp.example/', 'its host "-sp.example" is impossible'],
    ['https://sp.example:0/', 'its port is empty or begins with 0'],
    ['https://sp.example:0443/', 'its port is empty or begins with 0'],
    ['https://sp.example:65536/', 'its host or port is impossible'],
    ['https://sp.example/%zz', 'a % in it'],
  ])('%j is refused', (text, fault) => {
    expect(faultOfUrl(text)).toContain(fault);
  });

  test.each([
    ['https://user@sp.example/', 'it contains a user name or a password'],
    ['https://:pw@sp.example/', 'it contains a user name or a password'],
    ['https://sp.example/#acs', 'it has a fragment'],
    ['http://sp.example/', 'http is for localhost only'],
  ])('%s is refused where people are sent', (text, fault) => {
    expect(faultOfUrl(text)).toBeUndefined();
    expect(faultOfSecureUrl(text)).toContain(fault);
  });
});

test('an origin is written in one way only', () => {
  expect(faultOfSecureOrigin('https://sso.riverton.example')).toBeUndefined();
  expect(faultOfSecureOrigin('http://localhost:3000')).toBeUndefined();
  for (const text of [
    'https://SSO.Riverton.example',
    'https://sso.riverton.example:443',
    'https://sso.riverton.example/',
  ]) {
    expect(faultOfSecureOrigin(text)).toBe('as an origin it is written https://sso.riverton.example');
  }
});

describe('the same URL', () => {
  test.each([
    ['https://sp.example/acs', 'https://sp.example/acs'],
    ['https://sp.example:443/acs', 'https://sp.example/acs'],
    ['http://localhost:80/acs', 'http://localhost/acs'],
    ['HTTPS://SP.example/acs', 'https://sp.example/acs'],
    ['https://sp.example', 'https://sp.example/'],
    ['https://sp.example/%7eacs', 'https://sp.example/~acs'],
    ['https://sp.example/%2fa', 'https://sp.example/%2Fa'],
  ])('%s is %s (RFC 3986, 6.2)', (one, other) => {
    expect(isSameUrl(one, other)).toBe(true);
    expect(isSameUrl(other, one)).toBe(true);
  });

  test.each([
    ['https://sp.example/acs', 'https://sp.example/ACS'],
    ['https://sp.example/acs', 'https://sp.example/acs/'],
    ['https://sp.example/acs', 'https://sp.example/acs?'],
    ['https://sp.example/a%2Fb', 'https://sp.example/a/b'],
    ['https://sp.example:8443/acs', 'https://sp.example/acs'],
    ['http://localhost/acs', 'https://localhost/acs'],
    ['https://sp.example/x/../acs', 'https://sp.example/acs'],
    ['https:/sp.example/acs', 'https://sp.example/acs'],
  ])('%s is not %s', (one, other) => {
    expect(isSameUrl(one, other)).toBe(false);
  });
});

describe('loopback', () => {
  test.each(['localhost', 'a.localhost', 'a.b.localhost', '127.0.0.1', '127.255.255.254', '[::1]'])(
    '%s is localhost (RFC 6761, 6.3)',
    (host) => {
      expect(isLoopback(host)).toBe(true);
      expect(faultOfSecureUrl(`http://${host}:8080/acs?a=1`)).toBeUndefined();
    },
  );

  test.each([
    'localhost.example',
    'notlocalhost',
    '128.0.0.1',
    '127.0.0.1.example',
    '[::2]',
    '0.0.0.0',
    '10.0.0.1',
    'example.com',
  ])('%s is not localhost', (host) => {
    expect(isLoopback(host)).toBe(false);
    expect(faultOfSecureUrl(`http://${host}/acs`)).toBe('http is for localhost only');
    expect(faultOfSecureUrl(`https://${host}/acs`)).toBeUndefined();
  });
});
