import type { Answer, ModuleCalls, Question } from './messages.ts';
import { ModuleError } from './module-error.ts';
import { openToken, type Token } from './token.ts';

/**
 * The helper process: it alone loads the vendor's library. A library that hangs, crashes or corrupts its memory takes the
 * helper with it and not the service, which starts another one; and what a module that is made of software keeps in the
 * memory of whoever loads it, the service never has.
 */

let token: Token | undefined;

async function answer({ call, input }: Question): Promise<ModuleCalls[keyof ModuleCalls]['output']> {
  if (call === 'open') {
    token = await openToken(input);
    return token.facts;
  }
  if (token === undefined) throw new ModuleError('away', 'The token is not open.');
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
    const trouble = error instanceof ModuleError ? error.trouble : 'away';
    said = { id, failure: { trouble, message } };
  }
  // The service may have gone meanwhile.
  if (process.connected) process.send?.(said);
});
// The helper ends with the service, however that ends, and not before: sign-ons in flight are finished first.
process.on('disconnect', () => {
  token?.close();
  process.exit(0);
});
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
