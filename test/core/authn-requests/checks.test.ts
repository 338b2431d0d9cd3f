import { describe, expect, expectTypeOf, test } from 'vitest';
import type { AcceptedRequest, AnswerTarget } from '../../../src/core/authn-requests/check.ts';
import { type ANSWERED, inOrder, type SettledBy, type TRUST } from '../../../src/core/authn-requests/checks.ts';

type Target = Required<AnswerTarget>;
type Answer = Required<Pick<AcceptedRequest, 'nameIdFormat' | 'authnContextClassRef' | 'subject'>>;

describe('a list of checks that lacks one does not compile', () => {
  test('for the target of the answer', () => {
    expectTypeOf<SettledBy<typeof TRUST>>().toExtend<Target>();
    expectTypeOf<SettledBy<Omit<typeof TRUST, 'IssueInstant'>>>().toExtend<Target>();
    // @ts-expect-error: no check settles requestId
    expectTypeOf<SettledBy<Omit<typeof TRUST, 'ID'>>>().toExtend<Target>();
    // @ts-expect-error: no check settles acsUrl
    expectTypeOf<SettledBy<Omit<typeof TRUST, 'Assertion Consumer Service is registered'>>>().toExtend<Target>();
    // @ts-expect-error: no check settles relayState, which may be undefined but not forgotten
    expectTypeOf<SettledBy<Omit<typeof TRUST, 'RelayState'>>>().toExtend<Target>();
  });

  test('for the answer', () => {
    expectTypeOf<SettledBy<typeof ANSWERED>>().toExtend<Answer>();
    // @ts-expect-error: no check settles nameIdFormat
    expectTypeOf<SettledBy<Omit<typeof ANSWERED, 'NameIDPolicy'>>>().toExtend<Answer>();
    // @ts-expect-error: no check settles authnContextClassRef
    expectTypeOf<SettledBy<Omit<typeof ANSWERED, 'RequestedAuthnContext'>>>().toExtend<Answer>();
    // @ts-expect-error: no check settles subject, which may be undefined but not forgotten
    expectTypeOf<SettledBy<Omit<typeof ANSWERED, 'Subject'>>>().toExtend<Answer>();
  });
});

test('checks run in order up to the first broken rule, and their results are put together', () => {
  const ran: string[] = [];
  const settle = inOrder({
    first: () => ({ acsUrl: 'https://sp.example/acs' }),
    second: () => void ran.push('second'),
    third: () => ({ requestId: '_1' }),
  });
  const input = {} as Parameters<typeof settle>[0];
  expect(settle(input)).toEqual({ acsUrl: 'https://sp.example/acs', requestId: '_1' });
  const broken = inOrder({
    first: () => {
      throw new Error('first');
    },
    second: () => void ran.push('not reached'),
  });
  expect(() => broken(input)).toThrow('first');
  expect(ran).toEqual(['second']);
});
