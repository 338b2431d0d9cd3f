import type { Biller } from '../billers/biller.ts';
import type { IdpError } from '../errors/idp-error.ts';
import type { ReceivedMessage } from '../saml/decode.ts';
import { outlineXml } from '../saml/outline.ts';
import { parseXml, XmlError } from '../saml/xml.ts';
import type { Trace } from '../traces/trace.ts';
import { explainRequest } from './checks/list.ts';

/** A message as it came, to be looked at if the sign-on fails. */
export interface Received {
  readonly binding: 'HTTP-Redirect' | 'HTTP-POST';
  readonly message: ReceivedMessage;
  /** When it was checked; milliseconds since 1970. */
  readonly at: number;
}

function outline(xml: string): string[] | undefined {
  try {
    return outlineXml(parseXml(xml), { masked: true });
  } catch (error) {
    // Not well-formed, or with what is never accepted: the detail says what.
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

/** Writes down how a sign-on failed. @param received undefined where no message could be read, or it was read earlier */
export function traceOf(error: IdpError, biller: Biller | undefined, received: Received | undefined): Trace {
  const { code, sentence, detail, mismatch } = error;
  if (received === undefined || biller === undefined) {
    const check = mismatch?.what ?? error.title;
    return {
      code,
      sentence,
      detail,
      checks: [{ check, passed: false, code, ...mismatch, found: mismatch?.found ?? detail }],
    };
  }
  const { binding, message, at } = received;
  return {
    code,
    sentence,
    detail,
    binding,
    message: outline(message.xml),
    relayStateBytes: message.relayState === undefined ? undefined : Buffer.byteLength(message.relayState),
    checks: explainRequest(message, biller, at),
  };
}
