import { Refusal } from '../refusal.ts';
import { samlNames } from './saml-names.ts';
import { checkSignatures } from './signature-form.ts';
import { checkOrder, checkRecent, refused } from './strictness.ts';
import { childrenNamed, readXml, type XmlElement } from './xml-tree.ts';

const base64 = /^[A-Za-z0-9+/\r\n]+={0,2}[\r\n]*$/;

/** A Response as received, with nothing verified yet. */
export interface ResponseEnvelope {
  readonly root: XmlElement;
  readonly signed: boolean;
}

/**
 * Opens the SAMLResponse field: base64, UTF-8, well-formed XML, a Response with status Success.
 * @throws Refusal
 */
export function openResponse(encoded: string): ResponseEnvelope {
  const root = parse(encoded);
  if (root.namespace !== samlNames.protocol || root.name !== 'Response') {
    throw malformed(`its root is ${root.name}; it must be a SAML 2.0 Response`);
  }
  checkStatus(root);
  return { root, signed: childrenNamed(root, samlNames.signature, 'Signature').length > 0 };
}

/**
 * Checks the standards' rules for the Response element, apart from the signature (SAML core 3.2.2, bindings 3.5.5.2,
 * profiles 4.1.4).
 * @param expected what this sign-on was started with
 * @throws Refusal
 */
export function checkEnvelope(
  envelope: ResponseEnvelope,
  expected: { readonly acs: string; readonly requestId: string; readonly idpEntityId: string },
  now: number,
): void {
  const { root } = envelope;
  const attribute = (name: string) => root.attributes.get(name);
  if (attribute('Version') !== '2.0' || attribute('ID') === undefined) {
    throw refused('The Response has no ID, or its Version is not 2.0.');
  }
  checkRecent('The Response', attribute('IssueInstant'), now);
  if (attribute('Destination') !== expected.acs) {
    throw refused(
      `The Destination of the Response is ${attribute('Destination') ?? 'absent'}; it must be ${expected.acs}.`,
    );
  }
  if (attribute('InResponseTo') !== expected.requestId) {
    throw refused('The InResponseTo of the Response is not the AuthnRequest that started this sign-on.');
  }
  const [issuer] = childrenNamed(root, samlNames.assertion, 'Issuer');
  if (issuer === undefined ? envelope.signed : issuer.text !== expected.idpEntityId) {
    throw refused(`The Issuer of the Response is ${issuer?.text ?? 'absent'}; it must be ${expected.idpEntityId}.`);
  }
  const assertions = root.children.filter((child) => child.name === 'Assertion' || child.name === 'EncryptedAssertion');
  if (assertions.length !== 1 || assertions[0]?.namespace !== samlNames.assertion) {
    throw refused(`The Response contains ${assertions.length} assertions; it must contain exactly one.`);
  }
  checkOrder(root, ['Issuer', 'Signature', 'Extensions', 'Status', 'Assertion']);
  checkSignatures(root);
}

function parse(encoded: string): XmlElement {
  if (!base64.test(encoded)) {
    throw malformed('it is not base64');
  }
  try {
    return readXml(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64')));
  } catch (error) {
    throw malformed(
      `it is not well-formed XML in UTF-8: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  }
}

function checkStatus(root: XmlElement): void {
  const [status] = childrenNamed(root, samlNames.protocol, 'Status');
  const [code] = status === undefined ? [] : childrenNamed(status, samlNames.protocol, 'StatusCode');
  const value = code?.attributes.get('Value');
  if (status === undefined || code === undefined || value === undefined) {
    throw malformed('it has no Status');
  }
  if (value === samlNames.success) {
    return;
  }
  const [inner] = childrenNamed(code, samlNames.protocol, 'StatusCode');
  const [message] = childrenNamed(status, samlNames.protocol, 'StatusMessage');
  const codes = [value, inner?.attributes.get('Value')].filter((name) => name !== undefined).map(lastPart);
  throw new Refusal(
    'identity-provider-error',
    403,
    `The Identity Provider returned an error: ${codes.join(' / ')}${message === undefined ? '' : `: ${message.text}`}.`,
    'See the Identity Provider’s log at this time for details.',
  );
}

function lastPart(urn: string): string {
  return urn.slice(urn.lastIndexOf(':') + 1);
}

function malformed(what: string, cause?: unknown): Refusal {
  return new Refusal(
    'malformed-response',
    400,
    `The SAMLResponse can't be read: ${what}.`,
    'Only the operators of the Identity Provider can fix this.',
    cause,
  );
}
