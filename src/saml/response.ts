import { type AssertionContent, type SplitElement, writeAssertion } from './assertion.ts';
import { escapeAttribute, escapeText } from './escape.ts';
import { formatInstant } from './instant.ts';
import { ASSERTION, PROTOCOL, STATUS_SUCCESS } from './names.ts';
import { signElement } from './signature.ts';
import type { Signer } from './signer.ts';

/** What carries the signature. `both` is what every Service Provider accepts. */
export const SIGN_CHOICES = ['assertion', 'response', 'both'] as const;
export type SignChoice = (typeof SIGN_CHOICES)[number];

interface ResponseContent {
  readonly id: string;
  readonly issuer: string;
  readonly issueInstant: number;
  /** The ACS URL. */
  readonly destination: string;
  readonly inResponseTo: string | undefined;
}

/** Writes a successful Response around an assertion (SAML core, 3.3.3), in its exclusive canonical form. */
function writeResponse(content: ResponseContent, assertion: string): SplitElement {
  const inResponseTo =
    content.inResponseTo === undefined ? '' : ` InResponseTo="${escapeAttribute(content.inResponseTo)}"`;
  return {
    beforeSignature:
      `<samlp:Response xmlns:samlp="${PROTOCOL}" Destination="${escapeAttribute(content.destination)}" ID="${content.id}"${inResponseTo} IssueInstant="${formatInstant(content.issueInstant)}" Version="2.0">` +
      // The Response itself does not use the assertion namespace, so exclusive C14N declares it on each child that does.
      `<saml:Issuer xmlns:saml="${ASSERTION}">${escapeText(content.issuer)}</saml:Issuer>`,
    afterSignature: `<samlp:Status><samlp:StatusCode Value="${STATUS_SUCCESS}"></samlp:StatusCode></samlp:Status>${assertion}</samlp:Response>`,
  };
}

async function sign(element: SplitElement, id: string, signer: Signer | undefined): Promise<string> {
  const { beforeSignature, afterSignature } = element;
  if (signer === undefined) return beforeSignature + afterSignature;
  return beforeSignature + (await signElement(beforeSignature + afterSignature, id, signer)) + afterSignature;
}

/**
 * Makes the signed Response that carries one assertion. The text is its own exclusive canonical form, so it is digested
 * as it was written; no XML is parsed or walked.
 *
 * @param responseId a fresh ID
 * @returns the Response as XML text
 * @throws UnwritableTextError for a value that XML can't carry; whatever the signer throws
 */
export async function makeResponse(
  responseId: string,
  assertion: AssertionContent,
  what: SignChoice,
  signer: Signer,
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
    signedAssertion,
  );
  return sign(response, responseId, what === 'assertion' ? undefined : signer);
}
