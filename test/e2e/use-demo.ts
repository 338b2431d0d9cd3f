import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type OpenDemo, openDemo } from './demo-in-browser.ts';

/** Opens the demo before the tests of a file, and closes it after them. @returns the opened demo */
export function useDemo(options: Parameters<typeof openDemo>[0] = {}): () => OpenDemo {
  let opened: OpenDemo | undefined;
  const get = () => {
    if (opened === undefined) throw new Error('The demo is not open yet: use it inside a test or a hook.');
    return opened;
  };
  beforeAll(async () => {
    opened = await openDemo(options);
  });
  afterAll(() => opened?.close());
  // Chromium reports on the console what the Content-Security-Policy blocked, and other problems.
  afterEach(async () => expect(await get().clear()).toEqual([]));
  return get;
}
