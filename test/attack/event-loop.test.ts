import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { KEY_TYPES } from '../../src/core/keys/key-types.ts';
import { MAX_MESSAGE_BYTES } from '../../src/protocols/saml/reading/decode.ts';
import { authnRequest, postFields } from '../support/saml/authn-request.ts';
import { useStage } from '../support/stage.ts';

const PASSPHRASE = 'correct horse battery';
const MAX_HOLD_MS = 50;

const stage = useStage();

/** CPU time of this thread in milliseconds, which excludes other processes. */
function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** @returns the longest time that the event loop computed without a turn during the work; milliseconds */
async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = threadTime();
  const look = () => {
    const now = threadTime();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const looking = setInterval(look, 1);
  try {
    await new Promise((turn) => setTimeout(turn, 5));
    longest = 0;
    await work();
    look();
  } finally {
    clearInterval(looking);
  }
  return longest;
}

/** The minimum of three runs, so that a garbage collection in one of them does not count. */
async function leastHold(work: () => Promise<unknown>): Promise<number> {
  const holds: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) holds.push(await longestHold(work));
  return Math.min(...holds);
}

test('a block of the event loop is detected, even between waits', {
  meta: { holds: ['IDP-101'], source: 'project rule' },
}, async () => {
  const hold = await longestHold(async () => {
    await new Promise((turn) => setTimeout(turn, 5));
    const until = threadTime() + 80;
    while (threadTime() < until);
    await new Promise((turn) => setTimeout(turn, 5));
  });
  expect(hold).toBeGreaterThanOrEqual(80);
});

describe('keys do not block the event loop for 50 ms', {
  meta: { holds: ['IDP-101'], source: 'project rule' },
}, () => {
  test.each(KEY_TYPES)(
    'when they are made: %s, with a certificate or a certificate request',
    { meta: { holds: ['IDP-101'], source: 'project rule' } },
    async (keyType) => {
      const hold = await leastHold(async () => {
        await stage.installation.operate('key.request', { biller: 'riverton', keyType });
        await stage.installation.operate('key.stage', { biller: 'riverton', keyType });
        await stage.installation.operate('key.retire', { biller: 'riverton', staged: true });
      });
      expect(hold).toBeLessThan(MAX_HOLD_MS);
    },
  );

  test('when they are exported and imported as PKCS#12, whose passphrase takes hundreds of thousands of rounds', {
    meta: { holds: ['IDP-101'], source: 'project rule' },
  }, async () => {
    const hold = await leastHold(async () => {
      const secret = { biller: 'riverton', passphrase: PASSPHRASE };
      const { file } = (await stage.installation.operate('key.export-private', { ...secret, reason: 'test' })) as {
        file: string;
      };
      await stage.installation.operate('key.import', { ...secret, file });
      await stage.installation.operate('key.retire', { biller: 'riverton', staged: true });
    });
    expect(hold).toBeLessThan(MAX_HOLD_MS);
  });
});

/** Text that makes a message as long as allowed. */
const filledTo = (bytes: number, make: (filling: string) => string, piece: string) =>
  make(piece.repeat(Math.floor((bytes - make('').length) / piece.length)));
const around = (inside: string) => authnRequest({ inside: `<x>${inside}</x>` });
/** The inputs that XML parsers find most costly. */
const SHAPES: Record<string, (bytes: number) => string> = {
  letters: (bytes) => filledTo(bytes, around, 'a'),
  'an attribute': (bytes) => filledTo(bytes, (filling) => authnRequest({ attributes: { x: filling } }), 'a'),
  // As many as are accepted, filling the remaining space.
  attributes: (bytes) => {
    const room = Math.floor((bytes - around('<y/>').length) / 9_900);
    const all = Array.from({ length: 9_900 }, (_, number) => ` a${number}=""`.padEnd(room));
    return around(`<y${all.join('')}/>`).padEnd(bytes);
  },
  'line breaks in an attribute': (bytes) =>
    filledTo(bytes, (filling) => authnRequest({ attributes: { x: filling } }), '\n'),
  references: (bytes) => filledTo(bytes, around, '&lt;'),
  'character references': (bytes) => filledTo(bytes, around, '&#65;'),
  'CDATA sections': (bytes) => filledTo(bytes, around, '<![CDATA[a]]>'),
  elements: (bytes) => filledTo(bytes, around, '<y/>'),
  'space in a tag': (bytes) => filledTo(bytes, (filling) => around(`<y${filling}/>`), ' '),
  'email addresses': (bytes) => filledTo(bytes, (issuer) => authnRequest({ issuer }), 'someone@example.com '),
  'an unbound prefix': (bytes) => filledTo(bytes, (filling) => `<${filling}:y/>`, 'p'),
};

describe('a message, accepted or refused, does not block the event loop for 50 ms', {
  meta: { holds: ['IDP-101'], source: 'project rule' },
}, () => {
  const post = async (payload: string) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await stage.installation.server.inject({
      method: 'POST',
      url: '/saml/riverton/sso',
      headers,
      payload,
    });
    expect(answer.statusCode).toBeLessThan(500);
  };

  describe.each(Object.keys(SHAPES))(
    'made of %s',
    { meta: { holds: ['IDP-101'], source: 'project rule' } },
    (shape) => {
      // The largest message that is decoded, and the largest request that is parsed.
      test.each([MAX_MESSAGE_BYTES, 256 * 1024])(
        'of %d bytes',
        { meta: { holds: ['IDP-101'], source: 'project rule' } },
        async (bytes) => {
          const xml = SHAPES[shape]?.(bytes) ?? '';
          expect(Buffer.byteLength(xml)).toBeGreaterThan(bytes - 100);
          const form = new URLSearchParams(postFields(xml)).toString();
          expect(await leastHold(() => post(form))).toBeLessThan(MAX_HOLD_MS);
          const url = `/saml/riverton/sso?SAMLRequest=${encodeURIComponent(deflateRawSync(xml).toString('base64'))}`;
          expect(await leastHold(() => stage.installation.server.inject({ url }))).toBeLessThan(MAX_HOLD_MS);
        },
      );
    },
  );

  test.each([
    ['parameters', (size: number) => Array.from({ length: size / 8 }, (_, number) => `p${number}`).join('&')],
    ['only &', (size: number) => '&'.repeat(size)],
    ['escapes', (size: number) => `SAMLRequest=${'%41'.repeat(size / 3 - 10)}`],
    ['line breaks in base64', (size: number) => `SAMLRequest=${'A%0A'.repeat(size / 4 - 10)}`],
  ])('by a form of 2 MB made of %s', { meta: { holds: ['IDP-101'], source: 'project rule' } }, async (_title, make) => {
    const form = make(2 * 1024 * 1024);
    expect(await leastHold(() => post(form))).toBeLessThan(MAX_HOLD_MS);
  });
});
