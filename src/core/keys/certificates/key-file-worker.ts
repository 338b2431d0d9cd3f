import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { exportPkcs12 } from '../export.ts';
import { readPem, readPkcs12 } from './imported-key.ts';
import type { KeyFileAnswer, KeyFileJob } from './key-files.ts';

/** The worker thread of key-files.ts: one job, one answer. */
function work(job: KeyFileJob): KeyFileAnswer {
  if (job.kind === 'seal') {
    return { file: exportPkcs12(job.privateKey, job.certificate, job.passphrase, job.name) };
  }
  const file = Buffer.from(job.file);
  const { privateKey, certificate } = file.includes('-----BEGIN ')
    ? readPem(file.toString('utf8'), job.passphrase)
    : readPkcs12(file, job.passphrase);
  return { privateKey, certificate: certificate.raw };
}

function answer(job: KeyFileJob): KeyFileAnswer {
  try {
    return work(job);
  } catch (error) {
    if (error instanceof InputError) return { refused: error.message, code: error.code };
    throw error;
  }
}

parentPort?.postMessage(answer(workerData as KeyFileJob));
