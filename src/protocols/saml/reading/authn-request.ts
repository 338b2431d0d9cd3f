import { IdpError } from '../../../platform/errors/idp-error.ts';
import { ASSERTION, PROTOCOL, XMLDSIG } from '../names.ts';
import { childrenNamed, parseXml, trimXml, type XmlElement, XmlError } from './xml.ts';

/** The contents of an AuthnRequest (SAML core, 3.4.1) exactly as received. Only its shape has been checked. */
export interface AuthnRequest {
  readonly id: string | undefined;
  readonly version: string | undefined;
  readonly issueInstant: string | undefined;
  readonly destination: string | undefined;
  readonly issuer: string | undefined;
  readonly issuerFormat: string | undefined;
  /** The message contains a signature. */
  readonly signed: boolean;
  /** `unreadable`: there is a Subject, but it identifies the user in a way that is not supported. */
  readonly subject: RequestedSubject | 'unreadable' | undefined;
  readonly forceAuthn: boolean;
  readonly isPassive: boolean;
  readonly acsUrl: string | undefined;
  readonly acsIndex: string | undefined;
  readonly protocolBinding: string | undefined;
  readonly nameIdPolicy:
    | { readonly format: string | undefined; readonly spNameQualifier: string | undefined }
    | undefined;
  readonly requestedAuthnContext: RequestedAuthnContext | undefined;
}

/** The NameID of a Subject (SAML core, 2.2.2). */
export interface RequestedSubject {
  readonly nameId: string;
  readonly format?: string | undefined;
  readonly nameQualifier?: string | undefined;
  readonly spNameQualifier?: string | undefined;
}

export interface RequestedAuthnContext {
  /** exact, minimum, maximum, better, or any other value received. */
  readonly comparison: string;
  readonly classRefs: readonly string[];
  readonly declRefs: readonly string[];
}

const malformed = (detail: string) => new IdpError('saml_request_malformed', { detail });

/**
 * Many times larger than any Service Provider's request. decode.ts allows larger messages, but parsing one megabyte
 * blocks the event loop for as long as fifty sign-ons.
 */
const MAX_CHARACTERS = 256 * 1024;

function parse(xml: string): XmlElement {
  if (xml.length > MAX_CHARACTERS) {
    throw new IdpError('saml_request_too_large', { detail: `the request has more than ${MAX_CHARACTERS} characters` });
  }
  try {
    return parseXml(xml, { comments: 'between' });
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    const code = error.kind === 'forbidden' ? 'saml_request_forbidden_xml' : 'saml_request_malformed';
    throw new IdpError(code, { detail: error.message, cause: error });
  }
}

function atMostOne(parent: XmlElement, namespace: string, name: string): XmlElement | undefined {
  const found = childrenNamed(parent, namespace, name);
  if (found.length > 1) throw malformed(`${name} comes ${found.length} times`);
  return found[0];
}

/** xs:boolean: true, false, 1, 0. */
function readBoolean(element: XmlElement, name: string): boolean {
  const value = element.attributes.get(name);
  if (value === undefined || value === 'false' || value === '0') return false;
  if (value === 'true' || value === '1') return true;
  throw malformed(`${name} is not a boolean`);
}

function textOf(element: XmlElement | undefined): string | undefined {
  if (element === undefined) return undefined;
  if (element.children.length > 0) throw malformed(`${element.name} contains elements`);
  // A NameID is compared byte for byte (SAML core, 8.3), so do not trim.
  return element.text;
}

function readSubject(root: XmlElement): AuthnRequest['subject'] {
  const subject = atMostOne(root, ASSERTION, 'Subject');
  if (subject === undefined) return undefined;
  const element = atMostOne(subject, ASSERTION, 'NameID');
  const nameId = textOf(element);
  if (element === undefined || nameId === undefined || nameId === '') return 'unreadable';
  return {
    nameId,
    format: element.attributes.get('Format'),
    nameQualifier: element.attributes.get('NameQualifier'),
    spNameQualifier: element.attributes.get('SPNameQualifier'),
  };
}

function readRequestedAuthnContext(root: XmlElement): RequestedAuthnContext | undefined {
  const element = atMostOne(root, PROTOCOL, 'RequestedAuthnContext');
  if (element === undefined) return undefined;
  const texts = (name: string) => childrenNamed(element, ASSERTION, name).map((child) => child.text.trim());
  return {
    comparison: element.attributes.get('Comparison') ?? 'exact',
    classRefs: texts('AuthnContextClassRef'),
    declRefs: texts('AuthnContextDeclRef'),
  };
}

/**
 * Reads an AuthnRequest from a decoded message. Extensions, Scoping and Conditions are ignored, which a non-proxying
 * Identity Provider may do (SAML core, 3.4.1 and 3.2.1).
 *
 * @throws IdpError saml_request_malformed, saml_request_forbidden_xml, saml_request_too_large, saml_message_unsupported
 */
export function readAuthnRequest(xml: string): AuthnRequest {
  const root = parse(xml);
  if (root.namespace !== PROTOCOL || root.name !== 'AuthnRequest') {
    throw new IdpError('saml_message_unsupported', { detail: 'the root element is not samlp:AuthnRequest' });
  }
  const attribute = (name: string) => root.attributes.get(name);
  const policy = atMostOne(root, PROTOCOL, 'NameIDPolicy');
  const issuer = atMostOne(root, ASSERTION, 'Issuer');
  // A pretty-printed request puts the entity ID on a line of its own. No entity ID begins or ends with white space.
  const issuerText = textOf(issuer);
  return {
    id: attribute('ID'),
    version: attribute('Version'),
    issueInstant: attribute('IssueInstant'),
    destination: attribute('Destination'),
    issuer: issuerText === undefined ? undefined : trimXml(issuerText),
    issuerFormat: issuer?.attributes.get('Format'),
    signed: atMostOne(root, XMLDSIG, 'Signature') !== undefined,
    subject: readSubject(root),
    forceAuthn: readBoolean(root, 'ForceAuthn'),
    isPassive: readBoolean(root, 'IsPassive'),
    acsUrl: attribute('AssertionConsumerServiceURL'),
    acsIndex: attribute('AssertionConsumerServiceIndex'),
    protocolBinding: attribute('ProtocolBinding'),
    nameIdPolicy: policy && {
      format: policy.attributes.get('Format'),
      spNameQualifier: policy.attributes.get('SPNameQualifier'),
    },
    requestedAuthnContext: readRequestedAuthnContext(root),
  };
}
