import { type KeyObject, sign } from 'node:crypto';
import type { Signer } from '../../src/protocols/saml/signatures/signer.ts';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import { makeResponse } from '../../src/protocols/saml/writing/response.ts';
import { assertionContent, type SigningKey } from '../../test/support/saml/saml.ts';
import type { Contender } from '../rounds.ts';
import type { MakeSigned } from './peers.ts';

/** As many signatures are in flight as keep every thread of the pool busy while the next ones are being written. */
export const IN_FLIGHT_PER_CORE = 4;

/** Does the work one after another. Counts a second's worth. */
export function oneByOne(name: string, work: () => unknown, milliseconds: number): Contender<number> {
  return {
    name,
    async round() {
      const start = performance.now();
      let done = 0;
      while (performance.now() - start < milliseconds) {
        await work();
        done += 1;
      }
      return (done * 1000) / (performance.now() - start);
    },
  };
}

/** Keeps so many pieces of work in flight. Counts a second's worth. */
export function together(
  name: string,
  work: () => Promise<unknown>,
  inFlight: number,
  milliseconds: number,
): Contender<number> {
  return {
    name,
    async round() {
      const start = performance.now();
      let done = 0;
      const keepAtIt = async () => {
        while (performance.now() - start < milliseconds) {
          await work();
          done += 1;
        }
      };
      await Promise.all(Array.from({ length: inFlight }, keepAtIt));
      return (done * 1000) / (performance.now() - start);
    },
  };
}

/** About what a canonical SignedInfo takes. */
const BYTES_TO_SIGN = Buffer.alloc(700, 'x');

/** The bare signature, in this thread: what can't be undercut. */
export const rawSignature = (privateKey: KeyObject) => () => sign('sha256', BYTES_TO_SIGN, privateKey);

/** The bare signature on the thread pool. */
export const rawPoolSignature = (privateKey: KeyObject) => () =>
  new Promise<Buffer>((resolve, reject) => {
    sign('sha256', BYTES_TO_SIGN, privateKey, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });

/** Our Response with a signed assertion. @param signer of the key, on the thread pool or in this thread */
export const ours =
  (signer: Signer): MakeSigned =>
  () =>
    makeResponse(newSamlId(), assertionContent(), 'assertion', signer);

/** A signer that works in the calling thread. */
export function threadSigner({ keyPair, signer }: SigningKey): Signer {
  const { privateKey } = keyPair;
  return {
    algorithm: signer.algorithm,
    certificate: signer.certificate,
    sign: async (bytes) => sign('sha256', bytes, privateKey),
  };
}
