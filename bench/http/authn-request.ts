import { deflateRawSync } from 'node:zlib';
import { formatInstant } from '../../src/protocols/saml/instant.ts';
import { ASSERTION, BINDING_POST, NAME_ID_FORMATS, PROTOCOL } from '../../src/protocols/saml/names.ts';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import { ACS, type SignedIn, SP_ENTITY_ID } from '../installation.ts';

/** As long as what an SP puts there to find its own way back. */
const RELAY_STATE = 'https://sso.invoicecloud.example/saml/landing?account=101Invoice&ViewMode=0&DeepLinkID=3';

/**
 * Writes what a browser sends that Invoice Cloud has redirected here: a GET with a fresh AuthnRequest (SAML bindings,
 * 3.4.4.1) and the session cookie.
 *
 * @returns the whole HTTP/1.1 message
 */
export function signOnMessage({ ssoUrl, cookie }: SignedIn): string {
  const xml = `<samlp:AuthnRequest xmlns:samlp="${PROTOCOL}" ID="${newSamlId()}" Version="2.0" IssueInstant="${formatInstant(Date.now())}" ProtocolBinding="${BINDING_POST}" Destination="${ssoUrl}" AssertionConsumerServiceURL="${ACS}"><saml:Issuer xmlns:saml="${ASSERTION}">${SP_ENTITY_ID}</saml:Issuer><samlp:NameIDPolicy Format="${NAME_ID_FORMATS.emailAddress}" AllowCreate="true"/></samlp:AuthnRequest>`;
  const request = encodeURIComponent(deflateRawSync(xml).toString('base64'));
  const { host, pathname } = new URL(ssoUrl);
  return [
    `GET ${pathname}?SAMLRequest=${request}&RelayState=${encodeURIComponent(RELAY_STATE)} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language: en-US,en;q=0.9',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-Dest: document',
    `Cookie: ${cookie}`,
    '\r\n',
  ].join('\r\n');
}
