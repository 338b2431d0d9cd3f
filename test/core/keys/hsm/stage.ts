import { X509Certificate } from 'node:crypto';
import { afterAll } from 'vitest';
import { createHsm } from '../../../../src/core/keys/hsm/hsm.ts';
import type { SigningKeyRow } from '../../../../src/core/keys/store.ts';
import { requirePosted } from '../../../support/browser/browser-like.ts';
import { createTestToken, type TestToken } from '../../../support/hsm/softhsm.ts';
import type { TestInstallation } from '../../../support/installation.ts';
import { ACS, AUDIENCE } from '../../../support/saml/saml.ts';
import { useStage } from '../../../support/stage.ts';

/** The stage with a hardware security module. Its biller `riverton-water` has a key in the database. */
export interface HsmStage {
  readonly installation: TestInstallation;
  readonly token: TestToken;
  operate(name: string, input: Record<string, unknown>): Promise<unknown>;
  /** A biller's keys as stored. */
  rows(biller: string): Promise<SigningKeyRow[]>;
  /** The key in this state. */
  row(biller: string, state: string): Promise<SigningKeyRow & { x509: X509Certificate; label: string }>;
  /** Labels of the private keys in the token. */
  labels(): string[];
  /** Stages and activates a key, which leaves the previous one retiring. */
  rotate(biller: string, input?: Record<string, unknown>): Promise<void>;
  /** Signs a portal user on at a biller. @returns the Response */
  signOn(biller: string): Promise<string>;
  pass(milliseconds: number): void;
}

/** Sets the stage before the tests of a file, and removes it after them. */
export function useHsmStage(): HsmStage {
  let token: TestToken | undefined;
  const getToken = () => {
    if (token === undefined) throw new Error('The stage is not set yet: use it inside a test or a hook.');
    return token;
  };
  // Registered before the stage's own hook, and so run after it: the installation closes first.
  afterAll(() => token?.remove());
  const stage = useStage({
    publicUrl: 'https://sso.example.com',
    biller: 'riverton-water',
    billerInput: { entityId: AUDIENCE, acs: [ACS] },
    hsm() {
      token = createTestToken();
      return createHsm(token.settings, { answer: 30_000, retry: 0, trust: 0 });
    },
  });
  const operate = (name: string, input: Record<string, unknown>) => stage.installation.operate(name, input);
  async function rows(biller: string): Promise<SigningKeyRow[]> {
    const { services } = stage.installation;
    const { id } = await services.billers.bySlug(biller);
    return services.database.db.selectFrom('signingKeys').selectAll().where('billerId', '=', id).execute();
  }
  return {
    get installation() {
      return stage.installation;
    },
    get token() {
      return getToken();
    },
    operate,
    rows,
    async row(biller, state) {
      const found = (await rows(biller)).find((row) => row.state === state);
      if (found === undefined) throw new Error(`${biller} has no ${state} key`);
      const x509 = new X509Certificate(Buffer.from(found.certificate, 'base64'));
      return { ...found, x509, label: found.moduleLabel ?? 'none' };
    },
    labels: () =>
      getToken()
        .objects()
        .filter(({ kind }) => kind === 'private')
        .map(({ label }) => label),
    async rotate(biller, input = {}) {
      await operate('key.stage', { biller, ...input });
      await operate('key.activate', { biller, force: true, reason: 'test' });
    },
    async signOn(biller) {
      const browser = await stage.signedIn(biller);
      return requirePosted(await stage.bring(browser, { issuer: AUDIENCE }, undefined, biller)).xml;
    },
    pass: stage.pass,
  };
}
