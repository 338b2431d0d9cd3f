import { samlNames } from './saml-names.ts';
import { clockSkewMs } from './service-provider.ts';
import { checkOrder, checkRecent, readInstant, refused } from './strictness.ts';
import { childrenNamed, readXml, type XmlElement } from './xml-tree.ts';

/** The contents of a verified assertion. */
export interface VerifiedAssertion {
  readonly id: string;
  readonly issuer: string;
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly authnInstant: string;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads a verified assertion, and checks the rules of the Web Browser SSO profile (SAML profiles 4.1.4.2, 4.1.4.3).
 * @param xml the assertion, from the bytes whose signature was verified
 * @throws Refusal
 */
export function readAssertion(
  xml: string,
  expected: { readonly acs: string; readonly requestId: string; readonly idpEntityId: string },
  now: number,
): VerifiedAssertion {
  const assertion = readXml(xml);
  checkOrder(assertion, [
    'Issuer',
    'Signature',
    'Subject',
    'Conditions',
    'Advice',
    'AuthnStatement',
    'AttributeStatement',
  ]);
  const id = assertion.attributes.get('ID');
  if (id === undefined || assertion.attributes.get('Version') !== '2.0') {
    throw refused('The assertion has no ID, or its Version is not 2.0.');
  }
  checkRecent('The assertion', assertion.attributes.get('IssueInstant'), now);
  const issuer = only(assertion, 'Issuer').text;
  if (issuer !== expected.idpEntityId) {
    throw refused(
      `The Issuer of the assertion is ${issuer}; the Entity ID copied at onboarding is ${expected.idpEntityId}.`,
    );
  }
  const subject = only(assertion, 'Subject');
  checkConfirmation(subject, expected, now);
  checkConditions(only(assertion, 'Conditions'));
  const nameId = only(subject, 'NameID');
  const nameIdFormat = nameId.attributes.get('Format') ?? 'absent';
  if (nameIdFormat !== samlNames.emailAddress || nameId.text === '') {
    throw refused(
      `The NameID is empty or in the format ${nameIdFormat}; the AuthnRequest asked for ${samlNames.emailAddress}.`,
    );
  }
  return {
    id,
    issuer,
    nameId: nameId.text,
    nameIdFormat,
    authnInstant: checkAuthnStatement(only(assertion, 'AuthnStatement'), now),
    attributes: readAttributes(assertion),
  };
}

function checkConfirmation(subject: XmlElement, expected: { acs: string; requestId: string }, now: number): void {
  const confirmations = childrenNamed(subject, samlNames.assertion, 'SubjectConfirmation');
  const bearer = confirmations.filter((candidate) => candidate.attributes.get('Method') === samlNames.bearer);
  // Normally there is one. Several would each have to be evaluated, and no Identity Provider has a reason to send them.
  const [confirmation] = bearer;
  if (confirmation === undefined || confirmations.length !== 1) {
    throw refused('The assertion must have exactly one SubjectConfirmation, with the method bearer.');
  }
  const { attributes } = only(confirmation, 'SubjectConfirmationData');
  if (attributes.get('Recipient') !== expected.acs) {
    throw refused(
      `The Recipient of the assertion is ${attributes.get('Recipient') ?? 'absent'}; it must be ${expected.acs}.`,
    );
  }
  if (attributes.get('InResponseTo') !== expected.requestId) {
    throw refused('The InResponseTo of the SubjectConfirmationData is not the AuthnRequest that started this sign-on.');
  }
  if (attributes.has('NotBefore')) {
    throw refused('A bearer SubjectConfirmationData must not have a NotBefore.');
  }
  const notOnOrAfter = attributes.get('NotOnOrAfter');
  if (readInstant('NotOnOrAfter of the SubjectConfirmationData', notOnOrAfter) <= now - clockSkewMs) {
    throw refused(`The assertion has expired: its SubjectConfirmationData expired at ${notOnOrAfter}.`);
  }
}

// node-saml has checked the audience and times; here we only make sure that the times are present and well-formed.
function checkConditions(conditions: XmlElement): void {
  readInstant('NotBefore of the Conditions', conditions.attributes.get('NotBefore'));
  readInstant('NotOnOrAfter of the Conditions', conditions.attributes.get('NotOnOrAfter'));
}

function checkAuthnStatement(statement: XmlElement, now: number): string {
  const authnInstant = statement.attributes.get('AuthnInstant') ?? '';
  if (readInstant('The AuthnInstant', authnInstant) > now + clockSkewMs) {
    throw refused(`The AuthnInstant ${authnInstant} is in the future.`);
  }
  const sessionEnd = statement.attributes.get('SessionNotOnOrAfter');
  if (sessionEnd !== undefined && readInstant('The SessionNotOnOrAfter', sessionEnd) <= now) {
    throw refused(`The session at the Identity Provider expired at ${sessionEnd}.`);
  }
  if (only(only(statement, 'AuthnContext'), 'AuthnContextClassRef').text === '') {
    throw refused('The AuthnContextClassRef is empty.');
  }
  return authnInstant;
}

function readAttributes(assertion: XmlElement): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  const elements = childrenNamed(assertion, samlNames.assertion, 'AttributeStatement').flatMap((statement) =>
    childrenNamed(statement, samlNames.assertion, 'Attribute'),
  );
  for (const element of elements) {
    const name = element.attributes.get('Name') ?? '';
    if (name === '' || attributes.has(name)) {
      throw refused(`The claim "${name}" has no name or appears twice.`);
    }
    attributes.set(
      name,
      childrenNamed(element, samlNames.assertion, 'AttributeValue').map((value) => value.text),
    );
  }
  return attributes;
}

function only(parent: XmlElement, name: string): XmlElement {
  const [found, ...more] = childrenNamed(parent, samlNames.assertion, name);
  if (found === undefined || more.length > 0) {
    throw refused(`${parent.name} must have exactly one ${name}.`);
  }
  return found;
}
