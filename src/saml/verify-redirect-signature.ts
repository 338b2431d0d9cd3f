import { invalidSignature, requireAlgorithm, requireCertificates, verifies } from './request-signature-algorithms.ts';

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Parameters as they were received, still encoded, by their decoded names. A name twice was refused before. */
function rawParameters(query: string): Map<string, string> {
  const raw = new Map<string, string>();
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    raw.set(decodeURIComponent(name.replaceAll('+', ' ')), pair);
  }
  return raw;
}

const decodedValue = (pair: string) => decodeURIComponent(pair.slice(pair.indexOf('=') + 1).replaceAll('+', ' '));

/** What a `+` means in base64 that was not percent-encoded: itself, although in a form it is a space. */
function readSignature(pair: string): Buffer {
  const text = decodedValue(pair)
    .replace(/[\r\n\t]/g, '')
    .replaceAll(' ', '+');
  if (!BASE64.test(text)) throw invalidSignature('base64', 'something else');
  return Buffer.from(text, 'base64');
}

/**
 * Verifies a signature beside the message (SAML bindings, 3.4.4.1). What is signed are SAMLRequest, RelayState where one
 * came (also an empty one) and SigAlg, in this order, octet by octet as the sender encoded them: encoding them anew could
 * give other letters for the same value.
 *
 * @param rawQuery as it was received, without `?` @param certificates DER in base64; any of them may have signed
 * @throws IdpError signature_invalid, signature_algorithm_refused
 */
export function verifyRedirectSignature(rawQuery: string, certificates: readonly string[]): void {
  const raw = rawParameters(rawQuery);
  const [request, relayState, sigAlg, signature] = ['SAMLRequest', 'RelayState', 'SigAlg', 'Signature'].map((name) =>
    raw.get(name),
  );
  if (signature === undefined || sigAlg === undefined || request === undefined) {
    const missing = signature === undefined ? 'SigAlg without Signature' : 'Signature without SigAlg';
    throw invalidSignature('the parameters SAMLRequest, SigAlg and Signature together', missing);
  }
  const algorithm = requireAlgorithm(decodedValue(sigAlg));
  const known = requireCertificates(certificates);
  const signed = Buffer.from([request, relayState, sigAlg].filter((part) => part !== undefined).join('&'));
  const value = readSignature(signature);
  if (known.some((certificate) => verifies(signed, value, certificate, algorithm))) return;
  throw invalidSignature('one by a registered certificate', 'one that does not verify with any of them');
}
