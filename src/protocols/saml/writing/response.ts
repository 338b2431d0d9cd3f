import { formatInstant } from '../instant.ts';
import { ASSERTION, PROTOCOL, STATUS_CODES, type StatusCode } from '../names.ts';
import { signElement } from '../signatures/signature.ts';
import type { Signer } from '../signatures/signer.ts';
import { type AssertionContent, type SplitElement, writeAssertion } from './assertion.ts';
import { type Encryption, encryptAssertion } from './encrypt-assertion.ts';
import { escapeAttribute, escapeText } from './escape.ts';

/** What to sign. Every Service Provider accepts `both`. */
export const SIGN_CHOICES = ['assertion', 'response', 'both'] as const;
export type SignChoice = (typeof SIGN_CHOICES)[number];

/** The contents of a Response other than its assertion. Times are milliseconds since 1970. */
export interface ResponseContent {
  /** A fresh ID. */
  readonly id: string;
  /** The biller's Entity ID. */
  readonly issuer: string;
  readonly issueInstant: number;
  /** The ACS URL. */
  readonly destination: string;
  /** The request's ID; undefined if unsolicited. */
  readonly inResponseTo: string | undefined;
}

/**
 * How a request ended (SAML core, 3.2.2.1): a top-level code, an optional second-level code, and an optional message.
 */
export interface Status {
  readonly codes: readonly [StatusCode, StatusCode?];
  readonly message?: string;
}

const SUCCESS: Status = { codes: ['Success'] };

function writeStatus({ codes: [top, beneath], message }: Status): string {
  const inner = beneath === undefined ? '' : `<samlp:StatusCode Value="${STATUS_CODES[beneath]}"></samlp:StatusCode>`;
  const said = message === undefined ? '' : `<samlp:StatusMessage>${escapeText(message)}</samlp:StatusMessage>`;
  return `<samlp:Status><samlp:StatusCode Value="${STATUS_CODES[top]}">${inner}</samlp:StatusCode>${said}</samlp:Status>`;
}

/** Writes a Response (SAML core, 3.3.3) in exclusive canonical form. @param assertion canonical, or empty */
function writeResponse(content: ResponseContent, status: Status, assertion: string): SplitElement {
  const inResponseTo =
    content.inResponseTo === undefined ? '' : ` InResponseTo="${escapeAttribute(content.inResponseTo)}"`;
  return {
    beforeSignature:
      `<samlp:Response xmlns:samlp="${PROTOCOL}" Destination="${escapeAttribute(content.destination)}" ID="${content.id}"${inResponseTo} IssueInstant="${formatInstant(content.issueInstant)}" Version="2.0">` +
      // The Response itself does not use the assertion namespace, so exclusive C14N declares it on each child that
      // does.
      `<saml:Issuer xmlns:saml="${ASSERTION}">${escapeText(content.issuer)}</saml:Issuer>`,
    afterSignature: `${writeStatus(status)}${assertion}</samlp:Response>`,
  };
}

async function sign(element: SplitElement, id: string, signer: Signer | undefined): Promise<string> {
  const { beforeSignature, afterSignature } = element;
  if (signer === undefined) return beforeSignature + afterSignature;
  return beforeSignature + (await signElement(beforeSignature + afterSignature, id, signer)) + afterSignature;
}

/**
 * Makes the signed Response with one assertion. The text is its own exclusive canonical form, so it is digested as
 * written; no XML is parsed or walked.
 *
 * @param responseId a fresh ID
 * @param encryption encrypts the signed assertion; without it the assertion is sent in the clear
 * @returns the Response as XML text
 * @throws UnwritableTextError for a value that XML can't represent; whatever the signer throws
 */
export async function makeResponse(
  responseId: string,
  assertion: AssertionContent,
  what: SignChoice,
  signer: Signer,
  encryption?: Encryption,
): Promise<string> {
  const signedAssertion = await sign(writeAssertion(assertion), assertion.id, what === 'response' ? undefined : signer);
  const response = writeResponse(
    {
      id: responseId,
      issuer: assertion.issuer,
      issueInstant: assertion.issueInstant,
      destination: assertion.recipient,
      inResponseTo: assertion.inResponseTo,
    },
    SUCCESS,
    encryption === undefined ? signedAssertion : await encryptAssertion(signedAssertion, encryption),
  );
  return sign(response, responseId, what === 'assertion' ? undefined : signer);
}

/**
 * Makes a Response that says why there is no assertion (SAML core, 3.2.2; profiles, 4.1.4.2). It is signed unless only
 * assertions are to be signed, in which case the Service Provider does not check signatures on Responses.
 *
 * @throws UnwritableTextError for a value that XML can't represent; whatever the signer throws
 */
export function makeErrorResponse(
  content: ResponseContent,
  status: Status,
  what: SignChoice,
  signer: Signer,
): Promise<string> {
  return sign(writeResponse(content, status, ''), content.id, what === 'assertion' ? undefined : signer);
}
