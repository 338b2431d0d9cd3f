/** URIs from the standards, under the names that the standards use. */

export const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
export const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';
export const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
export const METADATA_ALGORITHMS = 'urn:oasis:names:tc:SAML:metadata:algsupport';
export const XMLDSIG = 'http://www.w3.org/2000/09/xmldsig#';
export const XMLENC_11 = 'http://www.w3.org/2009/xmlenc11#';
export const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const ENVELOPED_SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';

/** SAML bindings, 3.4 and 3.5. */
export const BINDING_REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
export const BINDING_POST = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';
/** SAML bindings, 3.4.4.1: the Redirect binding's only defined encoding, and its default. */
export const ENCODING_DEFLATE = 'urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE';

/** SAML core, 8.3: name identifier formats, by the short names used in settings and pages. */
export const NAME_ID_FORMATS = {
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
} as const;

export type NameIdFormat = keyof typeof NAME_ID_FORMATS;
export const NAME_ID_FORMAT_BY_URI: ReadonlyMap<string, NameIdFormat> = new Map(
  Object.entries(NAME_ID_FORMATS).map(([name, uri]) => [uri, name as NameIdFormat]),
);

/** SAML core, 8.2: how to interpret an attribute's name. */
export const ATTRIBUTE_NAME_FORMATS = {
  basic: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
  uri: 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
  unspecified: 'urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified',
} as const;

/**
 * SAML core, 3.2.2.2: status codes by their short names. The first four are top-level codes; the rest nest below one.
 */
const STATUS = 'urn:oasis:names:tc:SAML:2.0:status:';
export const STATUS_CODES = {
  Success: `${STATUS}Success`,
  Requester: `${STATUS}Requester`,
  Responder: `${STATUS}Responder`,
  VersionMismatch: `${STATUS}VersionMismatch`,
  AuthnFailed: `${STATUS}AuthnFailed`,
  InvalidNameIDPolicy: `${STATUS}InvalidNameIDPolicy`,
  NoAuthnContext: `${STATUS}NoAuthnContext`,
  NoPassive: `${STATUS}NoPassive`,
  RequestUnsupported: `${STATUS}RequestUnsupported`,
  UnknownPrincipal: `${STATUS}UnknownPrincipal`,
  UnsupportedBinding: `${STATUS}UnsupportedBinding`,
} as const;
export type StatusCode = keyof typeof STATUS_CODES;
export const CONFIRMATION_BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';

/** SAML authentication contexts, 3.4: the classes that a password sign-in can claim, weakest first. */
export const AUTHN_CONTEXT_UNSPECIFIED = 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified';
export const AUTHN_CONTEXT_PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password';
export const AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT =
  'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
