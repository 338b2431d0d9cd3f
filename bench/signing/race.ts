import { availableParallelism } from 'node:os';
import { SignedXml } from 'xml-crypto';
import { parseDom } from '../../test/support/saml/dom.ts';
import { makeSigningKey, type SigningKey } from '../../test/support/saml/saml.ts';
import { takeTurns } from '../rounds.ts';
import {
  IN_FLIGHT_PER_CORE,
  oneByOne,
  ours,
  rawPoolSignature,
  rawSignature,
  threadSigner,
  together,
} from './contenders.ts';
import { type MakeSigned, peers } from './peers.ts';

/**
 * The race itself, as a separate process, so that its thread pool can have a thread for every core. Prints what
 * RaceResults describes, as JSON.
 */
export interface RaceResults {
  /** Rates per second, one for each round, by contender: the bare signature, ours, and the peers. */
  readonly oneThread: Readonly<Record<string, number[]>>;
  /** Of the bare signature and of ours. */
  readonly pool: { readonly raw: number[]; readonly ours: number[] };
}

const ROUND_MS = 150;
const ROUNDS = 25;

/** A contender whose document does not verify may not race. */
async function mustVerify(name: string, make: MakeSigned, { certificatePem }: SigningKey): Promise<void> {
  const xml = await make();
  const signatures = parseDom(xml).getElementsByTagName('*');
  const nodes = Array.from({ length: signatures.length }, (_, index) => signatures.item(index));
  const signature = nodes.filter((node) => node?.localName === 'Signature');
  const verifier = new SignedXml({ publicCert: certificatePem, getCertFromKeyInfo: () => null });
  if (signature.length === 1) verifier.loadSignature(signature[0] as unknown as Node);
  const holds = signature.length === 1 && verifier.checkSignature(xml);
  const signed = holds ? (verifier.getSignedReferences()[0] ?? '') : '';
  if (!/^<(?:\w+:)?Assertion /.test(signed) || !signed.includes('101Invoice')) {
    throw new Error(`What ${name} makes is not one assertion with one valid signature.`);
  }
}

async function race(): Promise<RaceResults> {
  const key = await makeSigningKey('RSA-2048');
  const { privateKey } = key.keyPair;
  const makers: Record<string, MakeSigned> = { ours: ours(threadSigner(key)) };
  for (const [name, peer] of Object.entries(peers)) makers[name] = await peer(key);
  for (const [name, make] of Object.entries(makers)) await mustVerify(name, make, key);
  await mustVerify('ours', ours(key.signer), key);

  const inFlight = IN_FLIGHT_PER_CORE * availableParallelism();
  const poolRaw = together('pool raw', rawPoolSignature(privateKey), inFlight, ROUND_MS);
  const poolOurs = together('pool ours', async () => ours(key.signer)(), inFlight, ROUND_MS);
  const results = await takeTurns(
    [
      oneByOne('raw', rawSignature(privateKey), ROUND_MS),
      ...Object.entries(makers).map(([name, make]) => oneByOne(name, make, ROUND_MS)),
      poolRaw,
      poolOurs,
    ],
    ROUNDS,
  );
  const of = (name: string) => results.get(name) ?? [];
  return {
    oneThread: Object.fromEntries(['raw', ...Object.keys(makers)].map((name) => [name, of(name)])),
    pool: { raw: of(poolRaw.name), ours: of(poolOurs.name) },
  };
}

process.stdout.write(JSON.stringify(await race()));
