import { sign as signBytes } from 'node:crypto';
import { verifyRedirectSignature } from '../../../../src/protocols/saml/signatures/verify-redirect-signature.ts';
import { authnRequest, redirectQuery } from '../../../support/saml/authn-request.ts';
import type { SigningKey } from '../../../support/saml/saml.ts';
import { MORE } from '../../../support/saml/xmlsec-signer.ts';
import { thrownBy } from '../../../support/thrown.ts';
import { certificatesOf } from './signed-post.ts';

/** The parameters to sign. */
export const request = redirectQuery(authnRequest());

/** Ways in which Service Providers differ. */
interface Ways {
  readonly method?: string;
  readonly hash?: string;
  readonly ecdsa?: 'ieee-p1363' | 'der';
  /** Percent-encodes a value. */
  readonly encode?: (value: string) => string;
}

/** Signs the parameters as encoded, as the binding requires, and appends the signature. */
export function signQuery(
  query: string,
  key: SigningKey,
  { method, hash = 'sha256', ecdsa, encode = encodeURIComponent }: Ways = {},
) {
  const kind = key.signer.algorithm === 'rsa-sha256' ? 'rsa' : 'ecdsa';
  const signed = `${query}&SigAlg=${encode(method ?? `${MORE}${kind}-${hash}`)}`;
  const privateKey = { key: key.keyPair.privateKey, dsaEncoding: ecdsa ?? 'ieee-p1363' } as const;
  return `${signed}&Signature=${encode(signBytes(hash, Buffer.from(signed), privateKey).toString('base64'))}`;
}

/** @returns the refusal with its detail, or `accepted` */
export function outcomeOf(query: string, ...registered: readonly SigningKey[]): string {
  return thrownBy(() => verifyRedirectSignature(query, certificatesOf(...registered)))?.message ?? 'accepted';
}
/** The refusal of a bad signature. */
export const NOT_VERIFIED = /^signature_invalid: .* does not verify with/;
