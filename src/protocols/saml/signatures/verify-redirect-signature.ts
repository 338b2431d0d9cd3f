import {
  byNobody,
  invalidSignature,
  isBase64,
  requireAlgorithm,
  requireCertificates,
  verifies,
} from './request-signature-algorithms.ts';

/** Parameters as they were received, still encoded, by their decoded names. */
function rawParameters(query: string): Map<string, string> {
  const raw = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const decoded = decodeURIComponent(name.replaceAll('+', ' '));
    if (raw.has(decoded)) throw invalidSignature('each parameter once', 'one that comes twice');
    raw.set(decoded, pair);
  }
  return raw;
}

function required(raw: ReadonlyMap<string, string>, name: string): string {
  const pair = raw.get(name);
  if (pair !== undefined) return pair;
  throw invalidSignature('the parameters SAMLRequest, SigAlg and Signature together', `no ${name}`);
}

const decodedValue = (pair: string) => decodeURIComponent(pair.slice(pair.indexOf('=') + 1).replaceAll('+', ' '));

/** What a `+` means in base64 that was not percent-encoded: itself, although in a form it is a space. */
function readSignature(pair: string): Buffer {
  const text = decodedValue(pair)
    .replace(/[\r\n\t]/g, '')
    .replaceAll(' ', '+');
  if (!isBase64(text)) throw invalidSignature('base64', 'something else');
  return Buffer.from(text, 'base64');
}

/**
 * The same parameter as Node's querystring encodes it. node-saml signs this, and then sends what URLSearchParams makes of
 * it: a `+` for a space, and escapes for !'()*~. The value is the same, so nothing else is believed than what was signed.
 */
function encodedAnew(pair: string): string {
  return `${pair.slice(0, pair.indexOf('='))}=${encodeURIComponent(decodedValue(pair))}`;
}

/**
 * Verifies a signature beside the message (SAML bindings, 3.4.4.1). What is signed are SAMLRequest, RelayState where one
 * came (also an empty one) and SigAlg, in this order, octet by octet as the sender encoded them: encoding them anew could
 * give other letters for the same value.
 *
 * @param rawQuery as it was received, without `?`; readable by readParameters
 * @param certificates DER in base64; any of them may have signed
 * @throws IdpError signature_invalid, signature_algorithm_refused
 */
export function verifyRedirectSignature(rawQuery: string, certificates: readonly string[]): void {
  const raw = rawParameters(rawQuery);
  const request = required(raw, 'SAMLRequest');
  const sigAlg = required(raw, 'SigAlg');
  const signature = required(raw, 'Signature');
  const algorithm = requireAlgorithm(decodedValue(sigAlg));
  const known = requireCertificates(certificates, algorithm);
  const signed = [request, raw.get('RelayState'), sigAlg].filter((pair) => pair !== undefined);
  const value = readSignature(signature);
  // RFC 9231, 2.3.6 has r||s also here. OpenSAML for Java, and all that is built on it, sends DER as its library makes it.
  const encodings = algorithm.keyType === 'ec' ? (['ieee-p1363', 'der'] as const) : (['ieee-p1363'] as const);
  const isSigned = (pairs: readonly string[]) => {
    const bytes = Buffer.from(pairs.join('&'));
    return encodings.some((encoding) => verifies(bytes, value, known, algorithm, encoding));
  };
  if (!isSigned(signed) && !isSigned(signed.map(encodedAnew))) throw byNobody(known);
}
