import { z } from 'zod';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import { type Biller, toBiller } from '../../../core/billers/biller.ts';
import { type BillerState, type Difference, differencesOf, stateTag } from '../../../core/billers/difference.ts';
import { lockBiller, updateBiller } from '../../../core/billers/store.ts';
import { forgetFindings } from '../../../integrations/sp-metadata/store.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import type { ServiceProvider } from '../../../protocols/saml/sp-metadata/service-provider.ts';
import { defineOperation } from '../operation.ts';
import { changeClientSecret } from './change-client-secret.ts';
import { changeIssuer } from './change-issuer.ts';
import { endOutdatedSessions } from './end-sessions.ts';
import { billerChangesInput, serviceProviderOf } from './input.ts';
import { noBiller, requireBiller } from './require-biller.ts';
import { settingsOf } from './settings.ts';
import { refuseOtherBillersProvider } from './shared-provider.ts';
import { billerViewSchema, viewOf } from './view.ts';

type Changes = z.output<typeof billerChangesInput>;

const warnings = z.array(z.string());
const differences = z.array(z.object({ what: z.string(), before: z.string(), after: z.string() }));

/** What a biller would be after a change. @throws InputError if that is not acceptable */
function changedState(biller: Biller, input: Changes, now: number) {
  const given = serviceProviderOf(input, now);
  const serviceProvider = given?.serviceProvider ?? biller.serviceProvider;
  const settings = settingsOf(biller.settings, input.settings, serviceProvider);
  const after: BillerState = { name: input.name ?? biller.name, serviceProvider, settings };
  return { after, differences: differencesOf(biller, after), warnings: [...(given?.warnings ?? [])] };
}

/** A Service Provider that only loses an ACS, or changes its certificates, is the one that it was. */
const isAnother = (before: ServiceProvider, after: ServiceProvider) =>
  before.entityId !== after.entityId || after.acs.some(({ url }) => !before.acs.some((known) => known.url === url));

export const compare = defineOperation({
  uses: ['billers', 'clock'],
  input: billerChangesInput,
  output: z.object({ differences, warnings, state: z.string() }),
  run: async (services, input) => {
    const biller = await requireBiller(services, input.slug);
    const { differences, warnings } = changedState(biller, input, services.clock());
    return { differences, warnings, state: stateTag(biller) };
  },
});

/** Enough for an address or a certificate's fingerprint; a list of a thousand certificates is not evidence. */
const MAX_SHOWN = 500;
const cut = (text: string) => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
const inOneLine = ({ what, before, after }: Difference) => `${what}: ${cut(before)} -> ${cut(after)}`;

export const update = defineOperation({
  uses: ['database', 'masterKey', 'billers', 'keys', 'portalUsers', 'audit', 'publicUrl', 'clock'],
  input: billerChangesInput,
  output: billerViewSchema.extend({ differences, warnings }),
  run: async (services, input, { name: actor }) => {
    const { database, masterKey, billers, portalUsers, audit, publicUrl, clock } = services;
    const now = clock();
    const reference = newReference();
    const given =
      Object.keys(input.settings).length > 0 ||
      input.name !== undefined ||
      input.oidcClientSecret !== undefined ||
      serviceProviderOf(input, now);
    if (!given) throw new InputError('Nothing to change was given.', { code: 'nothing_to_change' });
    // What is not given keeps its current value in the database, not the one cached by this instance.
    const { biller, differences, warnings } = await database.transaction(async (transaction) => {
      const row = await lockBiller(transaction, input.slug);
      if (row === undefined) throw noBiller(input.slug);
      const biller = toBiller(row, publicUrl);
      if (input.state !== undefined && input.state !== stateTag(biller)) {
        throw new InputError(
          `${biller.slug} was changed by someone else in the meantime. Review the difference again.`,
          {
            code: 'biller_changed',
          },
        );
      }
      const { after, warnings, ...changed } = changedState(biller, input, now);
      const secret = await changeClientSecret(transaction, masterKey, biller, after.settings, input.oidcClientSecret);
      const by = { actor, reference };
      await changeIssuer(transaction, portalUsers, biller, after.settings, input.oidcUsers, by);
      await endOutdatedSessions(transaction, audit, biller, after.settings, by);
      const differences = [...changed.differences, ...secret];
      if (isAnother(biller.serviceProvider, after.serviceProvider)) {
        await refuseOtherBillersProvider(transaction, after.serviceProvider, input);
      }
      if (differences.length > 0) {
        await updateBiller(transaction, biller.id, after, new Date(now));
        if (after.serviceProvider !== biller.serviceProvider) await forgetFindings(transaction, biller.id);
        await audit.appendWithin(transaction, {
          event: 'biller.updated',
          reference,
          billerId: biller.id,
          details: {
            actor,
            slug: biller.slug,
            changed: differences.map(({ what }) => what),
            differences: differences.map(inOneLine),
          },
        });
      }
      return { biller, differences, warnings };
    });
    // The notice of this change may still be in transit, and the result should show the change.
    if (differences.length > 0) billers.forget(biller.id);
    await earlierAppendsEnded(database);
    return { ...(await viewOf(services, biller.slug)), differences, warnings };
  },
});
