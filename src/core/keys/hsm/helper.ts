import { HsmError } from './hsm-error.ts';
import type { Answer, HsmCalls, Question } from './messages.ts';
import { openToken, type Token } from './token.ts';

/**
 * The helper process, the only one that loads the vendor's library. If the library hangs, crashes or corrupts memory,
 * it takes down the helper and not the service, which starts another one. And secrets that a software HSM keeps in the
 * memory of its caller never enter the service's memory.
 */

let token: Token | undefined;

async function answer({ call, input }: Question): Promise<HsmCalls[keyof HsmCalls]['output']> {
  if (call === 'open') {
    token = await openToken(input);
    return token.facts;
  }
  if (token === undefined) throw new HsmError('away', 'The token is not open.');
  switch (call) {
    case 'check':
      return token.check(input);
    case 'generate':
      return token.generate(input);
    case 'find':
      return token.find(input);
    case 'sign':
      return token.sign(input);
    case 'destroy':
      return token.destroy(input);
  }
}

process.on('message', async (question: Question) => {
  const { id } = question;
  let said: Answer;
  try {
    said = { id, output: await answer(question) };
  } catch (error) {
    const { message } = error as Error;
    const trouble = error instanceof HsmError ? error.trouble : 'away';
    said = { id, failure: { trouble, message } };
  }
  // The service may have exited in the meantime.
  if (process.connected) process.send?.(said);
});
// The helper exits when the service does, however that happens, and not before: sign-ons in flight finish first.
process.on('disconnect', () => {
  token?.close();
  process.exit(0);
});
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
