import { formatInstant } from '../instant.ts';
import { ASSERTION, CONFIRMATION_BEARER } from '../names.ts';
import { escapeAttribute, escapeText } from './escape.ts';

/** One claim as written into the AttributeStatement. */
export interface Attribute {
  readonly name: string;
  /** A URI (SAML core, 8.2). */
  readonly nameFormat: string;
  readonly friendlyName?: string | undefined;
  readonly values: readonly string[];
}

/** Everything an assertion contains. Times are milliseconds since 1970. */
export interface AssertionContent {
  readonly id: string;
  /** The biller's Entity ID. */
  readonly issuer: string;
  readonly issueInstant: number;
  readonly nameId: string;
  /** A URI (SAML core, 8.3). */
  readonly nameIdFormat: string;
  /** The qualifier of persistent and transient identifiers (SAML core, 8.3.7). */
  readonly nameQualifier?: string | undefined;
  readonly spNameQualifier?: string | undefined;
  /** The ACS URL that the assertion is for. */
  readonly recipient: string;
  /** The request's ID; undefined if unsolicited. */
  readonly inResponseTo: string | undefined;
  readonly notBefore: number;
  readonly notOnOrAfter: number;
  /** The SP's entity ID. */
  readonly audience: string;
  /** When the portal user actually signed in. */
  readonly authnInstant: number;
  readonly sessionIndex: string;
  readonly authnContextClassRef: string;
  readonly attributes: readonly Attribute[];
}

/** The two halves of an element; its signature goes between them, right after Issuer (SAML core, 5.4.1). */
export interface SplitElement {
  readonly beforeSignature: string;
  readonly afterSignature: string;
}

const optional = (name: string, value: string | undefined): string =>
  value === undefined ? '' : ` ${name}="${escapeAttribute(value)}"`;

function attributeStatement(attributes: readonly Attribute[]): string {
  // The schema requires at least one Attribute in the statement (SAML core, 2.7.3).
  if (attributes.length === 0) return '';
  let xml = '<saml:AttributeStatement>';
  for (const attribute of attributes) {
    xml += `<saml:Attribute${optional('FriendlyName', attribute.friendlyName)} Name="${escapeAttribute(attribute.name)}" NameFormat="${escapeAttribute(attribute.nameFormat)}">`;
    for (const value of attribute.values) xml += `<saml:AttributeValue>${escapeText(value)}</saml:AttributeValue>`;
    xml += '</saml:Attribute>';
  }
  return `${xml}</saml:AttributeStatement>`;
}

/**
 * Writes an assertion (SAML core, 2.3.3; SAML profiles, 4.1.4.2) in exclusive canonical form: namespace declarations
 * before attributes, attributes sorted by name, no self-closing tags, C14N escaping.
 *
 * @throws UnwritableTextError for a value that XML can't represent
 */
export function writeAssertion(content: AssertionContent): SplitElement {
  const notOnOrAfter = formatInstant(content.notOnOrAfter);
  return {
    beforeSignature:
      `<saml:Assertion xmlns:saml="${ASSERTION}" ID="${content.id}" IssueInstant="${formatInstant(content.issueInstant)}" Version="2.0">` +
      `<saml:Issuer>${escapeText(content.issuer)}</saml:Issuer>`,
    afterSignature:
      `<saml:Subject><saml:NameID Format="${escapeAttribute(content.nameIdFormat)}"${optional('NameQualifier', content.nameQualifier)}${optional('SPNameQualifier', content.spNameQualifier)}>${escapeText(content.nameId)}</saml:NameID>` +
      `<saml:SubjectConfirmation Method="${CONFIRMATION_BEARER}"><saml:SubjectConfirmationData${optional('InResponseTo', content.inResponseTo)} NotOnOrAfter="${notOnOrAfter}" Recipient="${escapeAttribute(content.recipient)}"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>` +
      `<saml:Conditions NotBefore="${formatInstant(content.notBefore)}" NotOnOrAfter="${notOnOrAfter}"><saml:AudienceRestriction><saml:Audience>${escapeText(content.audience)}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
      `<saml:AuthnStatement AuthnInstant="${formatInstant(content.authnInstant)}" SessionIndex="${escapeAttribute(content.sessionIndex)}"><saml:AuthnContext><saml:AuthnContextClassRef>${escapeText(content.authnContextClassRef)}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
      `${attributeStatement(content.attributes)}</saml:Assertion>`,
  };
}
