import { z } from 'zod';
import { deleteWebhook, readWebhook, send, writeWebhook } from '../../core/expiry/webhook.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { newReference } from '../../platform/util/reference.ts';
import { isAcceptableUrl } from '../../protocols/saml/sp-metadata/service-provider.ts';
import { defineOperation } from './operation.ts';

const none = z.strictObject({});
const noWebhook = () => new InputError('There is no webhook. Set one with `ic-idp webhook set <url>`.');

const set = defineOperation(
  'webhook.set',
  z.strictObject({
    url: z.string().max(2000).refine(isAcceptableUrl, 'expected is an https URL (http only for this machine)'),
  }),
  async ({ database, masterKey, audit }, { url }, actor) => {
    const secret = await writeWebhook(database.db, masterKey, url);
    const details = { actor: actor.name, host: new URL(url).host };
    await audit.append({ event: 'webhook.changed', reference: newReference(), details });
    return { url, secret };
  },
);

const show = defineOperation('webhook.show', none, async ({ database, masterKey }) => {
  const webhook = await readWebhook(database.db, masterKey);
  if (webhook === undefined) throw noWebhook();
  return { url: webhook.url };
});

const test = defineOperation('webhook.test', none, async ({ database, masterKey, clock }) => {
  const webhook = await readWebhook(database.db, masterKey);
  if (webhook === undefined) throw noWebhook();
  const body = JSON.stringify({ id: newReference(), event: 'test' });
  return { url: webhook.url, sent: await send(webhook, body, clock()) };
});

const remove = defineOperation('webhook.remove', none, async ({ database, audit }, _input, actor) => {
  if (!(await deleteWebhook(database.db))) throw noWebhook();
  const details = { actor: actor.name, host: 'none' };
  await audit.append({ event: 'webhook.changed', reference: newReference(), details });
  return { removed: true };
});

export const webhookOperations = [set, show, test, remove];
