import {
  invalidSignature,
  isBase64,
  notByAny,
  requireAlgorithm,
  requireCertificates,
  verifies,
} from './request-signature-algorithms.ts';

/** Parameters as received, still encoded, by decoded name. */
function rawParameters(query: string): Map<string, string> {
  const raw = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const decoded = decodeURIComponent(name.replaceAll('+', ' '));
    if (raw.has(decoded)) throw invalidSignature('each parameter once', 'a duplicate');
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

/** In base64 that was not percent-encoded, `+` is literal, although in a form it means a space. */
function readSignature(pair: string): Buffer {
  const text = decodedValue(pair)
    .replace(/[\r\n\t]/g, '')
    .replaceAll(' ', '+');
  if (!isBase64(text)) throw invalidSignature('base64', 'something else');
  return Buffer.from(text, 'base64');
}

/**
 * The same parameter in the encoding of Node's querystring. node-saml signs that form but sends the one of
 * URLSearchParams, with `+` for a space and escapes for !'()*~. Both decode to the same value, so we still trust only
 * signed values.
 */
function encodedAnew(pair: string): string {
  return `${pair.slice(0, pair.indexOf('='))}=${encodeURIComponent(decodedValue(pair))}`;
}

/**
 * Verifies a detached signature (SAML bindings, 3.4.4.1). It covers SAMLRequest, RelayState if sent (even empty) and
 * SigAlg, in this order, byte for byte as the sender encoded them: re-encoding could yield different bytes for the same
 * value.
 *
 * @param rawQuery as received, without `?`; readable by readParameters
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
  // RFC 9231, 2.3.6 requires r||s here too, but Java's OpenSAML and everything built on it sends DER.
  const encodings = algorithm.keyType === 'ec' ? (['ieee-p1363', 'der'] as const) : (['ieee-p1363'] as const);
  const isSigned = (pairs: readonly string[]) => {
    const bytes = Buffer.from(pairs.join('&'));
    return encodings.some((encoding) => verifies(bytes, value, known, algorithm, encoding));
  };
  if (!isSigned(signed) && !isSigned(signed.map(encodedAnew))) throw notByAny(known);
}
