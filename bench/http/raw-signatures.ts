import { generateKeyPairSync, sign } from 'node:crypto';

/** Signs in one thread for the given milliseconds, and answers with the number of signatures. */

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const BYTES_TO_SIGN = Buffer.alloc(700, 'x');

process.on('message', (milliseconds: number) => {
  const began = performance.now();
  let signatures = 0;
  while (performance.now() - began < milliseconds) {
    sign('sha256', BYTES_TO_SIGN, privateKey);
    signatures += 1;
  }
  process.send?.(signatures);
});
