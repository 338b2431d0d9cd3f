import type { Biller } from '../../core/billers/biller.ts';
import { parseInstant } from '../../protocols/saml/instant.ts';
import { ASSERTION, PROTOCOL, STATUS_CODES } from '../../protocols/saml/names.ts';
import { childrenNamed, type XmlElement } from '../../protocols/saml/reading/xml.ts';
import type { CheckResult } from '../traces/trace.ts';
import { checkElementSignature } from './element-signature.ts';

const child = (element: XmlElement | undefined, name: string, namespace = ASSERTION) =>
  element && childrenNamed(element, namespace, name)[0];

const compare = (check: string, expected: readonly string[], found: string | undefined): CheckResult => ({
  check,
  passed: found !== undefined && expected.includes(found),
  expected: expected.join(' or '),
  found: found ?? 'none',
});

const countOf = (element: XmlElement, name: string): number =>
  element.children.reduce(
    (sum, one) => sum + countOf(one, name),
    element.namespace === ASSERTION && element.name === name ? 1 : 0,
  );

function signatureOf(xml: string, name: string, wanted: boolean, certificates: readonly string[]): CheckResult {
  const found = checkElementSignature(xml, name, certificates);
  return {
    check: `Signature of the ${name}`,
    passed: found === 'valid' || (found === 'none' && !wanted),
    expected: wanted ? 'one by a published key of the biller' : 'none needed',
    found,
  };
}

function window(check: string, element: XmlElement | undefined, now: number, skewMs: number): CheckResult {
  const [notBefore, notOnOrAfter] = ['NotBefore', 'NotOnOrAfter'].map((name) => element?.attributes.get(name));
  const from = notBefore === undefined ? -Infinity : (parseInstant(notBefore) ?? Number.NaN);
  const to = notOnOrAfter === undefined ? Infinity : (parseInstant(notOnOrAfter) ?? Number.NaN);
  return {
    check,
    passed: now >= from - skewMs && now < to + skewMs,
    expected: `a time that holds ${new Date(now).toISOString()}`,
    found: `${notBefore ?? 'any time'} to ${notOnOrAfter ?? 'any time'}`,
  };
}

/**
 * Explains a Response of ours check by check, as its Service Provider would look at it.
 *
 * @param root the parsed Response @param certificates the biller's published ones, DER in base64
 * @param now milliseconds since 1970: what times are held against
 */
export function explainResponse(
  xml: string,
  root: XmlElement,
  biller: Biller,
  certificates: readonly string[],
  now: number,
): CheckResult[] {
  const { serviceProvider, settings } = biller;
  const acsUrls = serviceProvider.acs.map(({ url }) => url);
  const status = child(child(root, 'Status', PROTOCOL), 'StatusCode', PROTOCOL)?.attributes.get('Value');
  const results = [
    compare('Issuer', [biller.entityId], child(root, 'Issuer')?.text),
    compare('Destination', acsUrls, root.attributes.get('Destination')),
    compare('Status', [STATUS_CODES.Success], status),
    signatureOf(xml, 'Response', settings.sign !== 'assertion', certificates),
  ];
  const [plain, encrypted] = [countOf(root, 'Assertion'), countOf(root, 'EncryptedAssertion')];
  // Of two, one reader would take the first and another the last; of none, there is nothing to sign on with.
  if (plain + encrypted > 1 || (plain + encrypted === 0 && status === STATUS_CODES.Success)) {
    const found = plain + encrypted === 0 ? 'none' : `${plain + encrypted}`;
    return [...results, { check: 'Assertion', passed: false, expected: 'one', found }];
  }
  if (encrypted === 1) {
    return [...results, { check: 'Assertion', passed: true, found: 'encrypted: only its receiver can read it' }];
  }
  const assertion = child(root, 'Assertion');
  if (assertion === undefined) return results;
  const conditions = child(assertion, 'Conditions');
  const confirmation = child(child(child(assertion, 'Subject'), 'SubjectConfirmation'), 'SubjectConfirmationData');
  const skewMs = settings.clockSkewSeconds * 1000;
  return [
    ...results,
    signatureOf(xml, 'Assertion', settings.sign !== 'response', certificates),
    compare('Audience', [serviceProvider.entityId], child(child(conditions, 'AudienceRestriction'), 'Audience')?.text),
    compare('Recipient', acsUrls, confirmation?.attributes.get('Recipient')),
    window('Conditions', conditions, now, skewMs),
    window('SubjectConfirmation', confirmation, now, skewMs),
  ];
}
