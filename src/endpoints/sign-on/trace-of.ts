import type { Biller } from '../../core/billers/biller.ts';
import { explainRequest } from '../../diagnostics/inspect/explain-request.ts';
import { outlineXml } from '../../diagnostics/outline.ts';
import { failedCheck, type Trace, traceOfError } from '../../diagnostics/traces/trace.ts';
import type { IdpError } from '../../platform/errors/idp-error.ts';
import type { ReceivedMessage } from '../../protocols/saml/reading/decode.ts';
import { parseXml, XmlError } from '../../protocols/saml/reading/xml.ts';

/** A message as it came, kept to explain a failure. */
export interface Received {
  readonly binding: 'HTTP-Redirect' | 'HTTP-POST';
  /** Undefined if it could not be decoded. */
  readonly message: ReceivedMessage | undefined;
  /** When it was checked; milliseconds since 1970. */
  readonly at: number;
}

/** A larger message is not read a second time. Its size explains the failure. */
const MAX_CHARACTERS = 64 * 1024;

function outline(xml: string): string[] | undefined {
  try {
    return outlineXml(parseXml(xml, { comments: 'between' }), { masked: true });
  } catch (error) {
    // Not well-formed, or with forbidden parts: the detail says which.
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

/**
 * Describes how a sign-on failed.
 *
 * @param received undefined if this request brought no message, e.g. because an earlier one did
 */
export function traceOf(error: IdpError, biller: Biller | undefined, received: Received | undefined): Trace {
  const { code, sentence, detail } = error;
  const { binding, message, at } = received ?? {};
  if (message === undefined || at === undefined || biller === undefined) return { ...traceOfError(error), binding };
  const large = message.xml.length > MAX_CHARACTERS;
  const checks = large ? [] : explainRequest(message, biller, at);
  // A failure after the request was accepted is not one of its checks: it is listed after them.
  const isAmongThem = checks.some((check) => check.code === code);
  return {
    code,
    sentence,
    detail,
    binding,
    message: large ? [`(${message.xml.length} characters, too many to keep)`] : outline(message.xml),
    relayStateBytes: message.relayState === undefined ? undefined : Buffer.byteLength(message.relayState),
    checks: isAmongThem ? checks : [...checks, failedCheck(error)],
  };
}
