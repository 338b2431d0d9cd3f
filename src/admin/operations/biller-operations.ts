import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Services } from '../../app.ts';
import { type Biller, billerUrls, toBiller } from '../../core/billers/biller.ts';
import {
  deleteBiller,
  findBiller,
  findBillerByGuid,
  insertBiller,
  lockBiller,
  updateBiller,
} from '../../core/billers/store.ts';
import { scheduleDestructionOfAll } from '../../core/keys/hsm/destruction.ts';
import { idpMetadataOf } from '../../core/keys/publication/idp-metadata.ts';
import { IdpError, InputError } from '../../platform/errors/idp-error.ts';
import { newReference } from '../../platform/util/reference.ts';
import { readDestination } from '../../protocols/invoice-cloud/destinations.ts';
import { buildRedirectLink, RedirectLinkError } from '../../protocols/invoice-cloud/redirect-link.ts';
import { type BillerState, differencesOf, stateTag } from './biller-difference.ts';
import { billerChangesInput, nameIdFormatFor, newBillerInput, serviceProviderOf, settingsOf } from './biller-input.ts';
import { billerView } from './biller-view.ts';
import { defineOperation } from './operation.ts';

const noBiller = (slug: string) => new InputError(`There is no biller "${slug}". \`ic-idp biller list\` shows all.`);

/** @throws InputError where there is no such biller */
export async function requireBiller({ billers }: Services, slug: string): Promise<Biller> {
  try {
    return await billers.bySlug(slug);
  } catch (error) {
    if (!(error instanceof IdpError) || error.code !== 'biller_unknown') throw error;
    throw noBiller(slug);
  }
}

async function viewOf(services: Services, slug: string) {
  const biller = await requireBiller(services, slug);
  return billerView(biller, await services.keys.ofBiller(biller.id), services.publicUrl);
}

const add = defineOperation('biller.add', newBillerInput, async (services, input, actor) => {
  const { database, keys, audit, publicUrl, clock } = services;
  const { slug, name, keyType } = input;
  const billerGuid = input.billerGuid.toLowerCase();
  const serviceProvider = serviceProviderOf(input, clock());
  if (serviceProvider === undefined) {
    throw new InputError('The Service Provider is missing: give --sp-metadata <file|url>, or --entity-id and --acs.');
  }
  const settings = settingsOf(nameIdFormatFor(serviceProvider), input.settings, serviceProvider);
  if ((await findBiller(database.db, slug)) !== undefined) {
    throw new InputError(
      `There is a biller "${slug}" already. Choose another slug, or change it with \`ic-idp biller update\`.`,
    );
  }
  const sameGuid = await findBillerByGuid(database.db, billerGuid);
  if (sameGuid !== undefined) {
    throw new InputError(`The BillerGUID ${billerGuid} belongs to the biller "${sameGuid.slug}" already.`);
  }
  const id = randomUUID();
  const { entityId } = billerUrls(publicUrl, slug);
  const place = input.module ? 'module' : 'database';
  const key = await keys.make({
    billerId: id,
    slug,
    billerName: name,
    entityId,
    type: keyType,
    state: 'active',
    place,
  });
  await database.transaction(async (transaction) => {
    await insertBiller(transaction, {
      id,
      slug,
      name,
      billerGuid,
      serviceProvider,
      settings,
      pairwiseSalt: randomBytes(32),
    });
    await keys.insert(transaction, key);
  });
  const about = { reference: newReference(), billerId: id };
  await audit.append({ event: 'biller.added', ...about, details: { actor: actor.name, slug } });
  const keyFingerprint = key.fingerprint;
  await audit.append({ event: 'key.created', ...about, keyFingerprint, details: { actor: actor.name, keyType } });
  return viewOf(services, slug);
});

/** What a biller would be after a change. @throws InputError where that is not acceptable */
function changedState(biller: Biller, input: z.output<typeof billerChangesInput>, now: number) {
  const serviceProvider = serviceProviderOf(input, now) ?? biller.serviceProvider;
  const settings = settingsOf(biller.settings, input.settings, serviceProvider);
  const after: BillerState = { name: input.name ?? biller.name, serviceProvider, settings };
  return { after, differences: differencesOf(biller, after) };
}

const compare = defineOperation('biller.compare', billerChangesInput, async (services, input) => {
  const biller = await requireBiller(services, input.slug);
  return { differences: changedState(biller, input, services.clock()).differences, state: stateTag(biller) };
});

const update = defineOperation('biller.update', billerChangesInput, async (services, input, actor) => {
  const { database, publicUrl, clock } = services;
  const now = clock();
  const given = Object.keys(input.settings).length > 0 || input.name !== undefined || serviceProviderOf(input, now);
  if (!given) throw new InputError('Nothing to change was given. `ic-idp biller update --help` shows what can be.');
  // What is not given stays as it is in the database by then, not as some instance remembers it.
  const { biller, differences } = await database.transaction(async (transaction) => {
    const row = await lockBiller(transaction, input.slug);
    if (row === undefined) throw noBiller(input.slug);
    const biller = toBiller(row, publicUrl);
    if (input.state !== undefined && input.state !== stateTag(biller)) {
      throw new InputError(`${biller.slug} was changed by somebody else meanwhile. Look at the difference again.`);
    }
    const { after, differences } = changedState(biller, input, now);
    if (differences.length > 0) await updateBiller(transaction, biller.id, after, new Date(now));
    return { biller, differences };
  });
  if (differences.length > 0) {
    // The notice of this change may still be on its way, and the answer should show it.
    services.billers.forget(biller.id);
    await services.audit.append({
      event: 'biller.updated',
      reference: newReference(),
      billerId: biller.id,
      details: { actor: actor.name, slug: biller.slug, changed: differences.map(({ what }) => what) },
    });
  }
  return { ...(await viewOf(services, biller.slug)), differences };
});

const remove = defineOperation(
  'biller.remove',
  z.strictObject({ slug: z.string() }),
  async (services, { slug }, actor) => {
    const biller = await requireBiller(services, slug);
    await services.database.transaction(async (transaction) => {
      await scheduleDestructionOfAll(transaction, biller.id, new Date(services.clock()));
      await deleteBiller(transaction, biller.id);
    });
    const details = { actor: actor.name, slug };
    await services.audit.append({ event: 'biller.removed', reference: newReference(), billerId: biller.id, details });
    await services.hsmKeys.destroyScheduled();
    return { removed: slug };
  },
);

const list = defineOperation('biller.list', z.strictObject({}), async ({ billers }) => {
  const all = await billers.all();
  return all.map(({ slug, name, billerGuid, entityId }) => ({ slug, name, billerGuid, entityId }));
});

const show = defineOperation('biller.show', z.strictObject({ slug: z.string() }), (services, { slug }) =>
  viewOf(services, slug),
);

const metadata = defineOperation(
  'biller.metadata',
  z.strictObject({ slug: z.string() }),
  async (services, { slug }) => {
    const biller = await requireBiller(services, slug);
    const { keys, publicUrl, clock } = services;
    const { document } = await idpMetadataOf(biller, await keys.ofBiller(biller.id), publicUrl, clock());
    return { metadata: document };
  },
);

const linkInput = z.strictObject({
  slug: z.string(),
  account: z.string(),
  destination: z.string(),
  viewMode: z.enum(['0', '1'], '--view-mode must be 0 (full page) or 1 (iframe)').optional(),
});

const link = defineOperation('biller.link', linkInput, async (services, input) => {
  const { billerGuid, settings } = await requireBiller(services, input.slug);
  const destination = readDestination(input.destination);
  if (destination === undefined) {
    throw new InputError(
      `--destination "${input.destination}" is not known. Accepted are bills, paperless, autopay, payment-methods, scheduled-payments, or a positive number.`,
    );
  }
  const viewMode = input.viewMode === undefined ? settings.viewMode : input.viewMode === '1' ? 1 : 0;
  try {
    return {
      link: buildRedirectLink({
        base: settings.redirectLinkBase,
        billerGuid,
        account: input.account,
        viewMode,
        destination,
      }),
    };
  } catch (error) {
    if (error instanceof RedirectLinkError) {
      const word = error.part === 'account' ? `--account "${input.account}"` : error.part;
      throw new InputError(`${word}: ${error.message}.`);
    }
    throw error;
  }
});

export const billerOperations = [add, compare, update, remove, list, show, metadata, link];
