import { expect, test } from 'vitest';
import { waitInWords } from '../../../src/platform/util/wait-in-words.ts';

test.each([
  [0, 'a minute'],
  [1, 'a minute'],
  [60, 'a minute'],
  [61, '2 minutes'],
  [846, '15 minutes'],
  [900, '15 minutes'],
  [3540, '59 minutes'],
  [3541, 'an hour'],
  [3600, 'an hour'],
  [3601, '2 hours'],
])('%s seconds are said as %s', (seconds, words) => expect(waitInWords(seconds)).toBe(words));
