import type { Biller } from '../../core/billers/biller.ts';
import { explainRequest } from '../../diagnostics/inspect/explain-request.ts';
import { outlineXml } from '../../diagnostics/outline.ts';
import type { Trace } from '../../diagnostics/traces/trace.ts';
import type { IdpError } from '../../platform/errors/idp-error.ts';
import type { ReceivedMessage } from '../../protocols/saml/reading/decode.ts';
import { parseXml, XmlError } from '../../protocols/saml/reading/xml.ts';

/** A message as it came, to be looked at if the sign-on fails. */
export interface Received {
  readonly binding: 'HTTP-Redirect' | 'HTTP-POST';
  /** Undefined where it could not be decoded. */
  readonly message: ReceivedMessage | undefined;
  /** When it was checked; milliseconds since 1970. */
  readonly at: number;
}

/** A message larger than this is looked at once, to refuse it. Nobody who looks into a failure misses more of it. */
const MAX_CHARACTERS = 64 * 1024;

function outline(xml: string): string[] | undefined {
  try {
    return outlineXml(parseXml(xml), { masked: true });
  } catch (error) {
    // Not well-formed, or with what is never accepted: the detail says what.
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

/** Writes down how a sign-on failed. @param received undefined where no message was looked for, or it was read earlier */
export function traceOf(error: IdpError, biller: Biller | undefined, received: Received | undefined): Trace {
  const { code, sentence, detail, mismatch } = error;
  const failed = {
    check: mismatch?.what ?? error.title,
    passed: false,
    code,
    expected: mismatch?.expected,
    found: mismatch?.found ?? detail,
  };
  const { binding, message, at } = received ?? {};
  if (message === undefined || at === undefined || biller === undefined)
    return { code, sentence, detail, binding, checks: [failed] };
  const large = message.xml.length > MAX_CHARACTERS;
  const checks = large ? [] : explainRequest(message, biller, at);
  // What fails once the request is accepted is none of its checks: it stands behind them.
  const isAmongThem = checks.some((check) => check.code === code);
  return {
    code,
    sentence,
    detail,
    binding,
    message: large ? [`(${message.xml.length} characters, too many to be kept)`] : outline(message.xml),
    relayStateBytes: message.relayState === undefined ? undefined : Buffer.byteLength(message.relayState),
    checks: isAmongThem ? checks : [...checks, failed],
  };
}
