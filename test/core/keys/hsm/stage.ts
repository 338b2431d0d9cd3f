import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { createModule } from '../../../../src/core/keys/hsm/module.ts';
import type { SigningKeyRow } from '../../../../src/core/keys/store.ts';
import { authnRequest, redirectQuery } from '../../../support/authn-request.ts';
import { createBrowserLike, requirePosted } from '../../../support/browser-like.ts';
import { startInstallation, type TestInstallation } from '../../../support/installation.ts';
import { ACS, AUDIENCE } from '../../../support/saml.ts';
import { createTestToken, type TestToken } from '../../../support/softhsm.ts';

const EMAIL = 'pat@example.com';
const PASSWORD = 'correct horse battery';

/** An installation with a hardware module, for one test file. Its biller `riverton-water` has a key in the database. */
export interface ModuleStage {
  readonly installation: TestInstallation;
  readonly token: TestToken;
  operate(name: string, input: Record<string, unknown>): Promise<unknown>;
  /** The keys of a biller as they are stored. */
  rows(biller: string): Promise<SigningKeyRow[]>;
  /** The one in this state. */
  row(biller: string, state: string): Promise<SigningKeyRow & { x509: X509Certificate; label: string }>;
  /** Labels of the private keys in the token. */
  labels(): string[];
  /** Stages, activates and leaves the key before it retiring. */
  rotate(biller: string, input?: Record<string, unknown>): Promise<void>;
  /** Signs a portal user on who answers the request `_request-1`. @returns the Response */
  signOn(biller: string): Promise<string>;
  pass(milliseconds: number): void;
}

/** Sets the stage before the tests of a file, and takes it down after them. */
export function useModuleStage(): ModuleStage {
  let ahead = 0;
  let installation: TestInstallation | undefined;
  let token: TestToken | undefined;
  const get = () => {
    if (installation === undefined || token === undefined) throw new Error('the stage is not set');
    return { installation, token };
  };
  beforeAll(async () => {
    token = createTestToken();
    installation = await startInstallation({
      publicUrl: 'https://sso.example.com',
      clock: () => Date.now() + ahead,
      module: createModule(token.settings, { answer: 30_000, retry: 0, trust: 0 }),
    });
    await installation.addBiller('riverton-water', { entityId: AUDIENCE, acs: [ACS] });
    await installation.addUser('riverton-water', EMAIL, PASSWORD, ['101Invoice:owner']);
  });
  afterAll(async () => {
    await installation?.close();
    token?.remove();
  });
  const operate = (name: string, input: Record<string, unknown>) => get().installation.operate(name, input);
  async function rows(biller: string): Promise<SigningKeyRow[]> {
    const { services } = get().installation;
    const { id } = await services.billers.bySlug(biller);
    return services.database.db.selectFrom('signingKeys').selectAll().where('billerId', '=', id).execute();
  }
  return {
    get installation() {
      return get().installation;
    },
    get token() {
      return get().token;
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
      get()
        .token.objects()
        .filter(({ kind }) => kind === 'private')
        .map(({ label }) => label),
    async rotate(biller, input = {}) {
      await operate('key.stage', { biller, ...input });
      await operate('key.activate', { biller, force: true, reason: 'test' });
    },
    async signOn(biller) {
      const browser = createBrowserLike(get().installation.server);
      await browser.signIn(biller, EMAIL, PASSWORD);
      const IssueInstant = new Date(Date.now() + ahead).toISOString();
      const request = authnRequest({ issuer: AUDIENCE, attributes: { IssueInstant } });
      return requirePosted(await browser.get(`/saml/${biller}/sso?${redirectQuery(request)}`)).xml;
    },
    pass(milliseconds) {
      ahead += milliseconds;
    },
  };
}
