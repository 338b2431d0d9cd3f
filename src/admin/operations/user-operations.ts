import { z } from 'zod';
import type { Services } from '../../app.ts';
import { hashPassword } from '../../core/portal-users/password.ts';
import {
  accountsOf,
  deleteUser,
  findUser,
  insertUser,
  listUsers,
  type PortalUserRow,
  updateUser,
} from '../../core/portal-users/store.ts';
import { deleteSessionsOfUser } from '../../core/sessions/store.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { newReference } from '../../platform/util/reference.ts';
import { isAccountNumber } from '../../protocols/invoice-cloud/redirect-link.ts';
import { isWritable } from '../../protocols/saml/writing/escape.ts';
import { requireBiller } from './biller-operations.ts';
import { defineOperation } from './operation.ts';

const ROLE = /^[A-Za-z][\w-]{0,39}$/;
const DEFAULT_ROLE = 'owner';

const email = z
  .string()
  .trim()
  .max(254, 'an email address has at most 254 characters')
  .refine(
    (text) => /^[^\s@]+@[^\s@]+$/.test(text) && isWritable(text) && !/\p{C}/u.test(text),
    'must be an email address',
  );
const password = z
  .string()
  .min(8, 'a password has at least 8 characters')
  .max(1024, 'a password has at most 1,024 characters');

/** `<number>` or `<number>:<role>`. The last colon counts, and only before something that can be a role. */
const account = z.string().transform((text, context) => {
  const colon = text.lastIndexOf(':');
  const named = colon >= 0 && ROLE.test(text.slice(colon + 1));
  const number = named ? text.slice(0, colon) : text;
  if (!isAccountNumber(number) || !isWritable(number)) {
    context.addIssue(
      `--account "${text}" is not acceptable: expected is <number> or <number>:<role>, e.g. 101Invoice:owner`,
    );
  }
  return { number, role: named ? text.slice(colon + 1) : DEFAULT_ROLE };
});
const accountList = z
  .array(account)
  .refine((all) => new Set(all.map(({ number }) => number)).size === all.length, 'an account number is given twice');

const who = { biller: z.string(), email };

async function requireUser(services: Services, billerId: string, address: string): Promise<PortalUserRow> {
  const user = await findUser(services.database.db, billerId, address);
  if (user === undefined)
    throw new InputError(`There is no portal user ${address}. \`ic-idp user list\` shows all of a biller.`);
  return user;
}

async function userView({ database }: Services, user: PortalUserRow) {
  const { id, disabled } = user;
  return { id, email: user.email, disabled, accounts: await accountsOf(database.db, id) };
}

const add = defineOperation(
  'user.add',
  z.strictObject({ ...who, password, accounts: accountList }),
  async (services, input, actor) => {
    const { database, audit } = services;
    const { id: billerId, slug } = await requireBiller(services, input.biller);
    if ((await findUser(database.db, billerId, input.email)) !== undefined) {
      throw new InputError(`${slug} has a portal user ${input.email} already. Change it with \`ic-idp user update\`.`);
    }
    const passwordHash = await hashPassword(input.password);
    const userId = await database.transaction((transaction) =>
      insertUser(transaction, { billerId, email: input.email, passwordHash }, input.accounts),
    );
    const details = { actor: actor.name };
    await audit.append({
      event: 'user.added',
      reference: newReference(),
      billerId,
      userId,
      email: input.email,
      details,
    });
    return userView(services, await requireUser(services, billerId, input.email));
  },
);

const update = defineOperation(
  'user.update',
  z.strictObject({
    ...who,
    password: password.optional(),
    accounts: accountList.optional(),
    disabled: z.boolean().optional(),
  }),
  async (services, input, actor) => {
    const { database, audit } = services;
    const { id: billerId } = await requireBiller(services, input.biller);
    const user = await requireUser(services, billerId, input.email);
    const changed = (['password', 'accounts', 'disabled'] as const).filter((name) => input[name] !== undefined);
    if (changed.length === 0)
      throw new InputError('Nothing to change was given. `ic-idp user update --help` shows what can be.');
    const changes = {
      ...(input.password === undefined ? {} : { passwordHash: await hashPassword(input.password) }),
      ...(input.disabled === undefined ? {} : { disabled: input.disabled }),
    };
    await database.transaction((transaction) => updateUser(transaction, user.id, changes, input.accounts));
    // A new password or a disabled user ends what was signed in before.
    if (input.password !== undefined || input.disabled === true) await deleteSessionsOfUser(database.db, user.id);
    const details = { actor: actor.name, changed };
    await audit.append({
      event: 'user.updated',
      reference: newReference(),
      billerId,
      userId: user.id,
      email: user.email,
      details,
    });
    return userView(services, await requireUser(services, billerId, input.email));
  },
);

const remove = defineOperation('user.remove', z.strictObject(who), async (services, input, actor) => {
  const { id: billerId } = await requireBiller(services, input.biller);
  const user = await requireUser(services, billerId, input.email);
  await deleteUser(services.database.db, user.id);
  const details = { actor: actor.name };
  await services.audit.append({
    event: 'user.removed',
    reference: newReference(),
    billerId,
    userId: user.id,
    email: user.email,
    details,
  });
  return { removed: user.email };
});

const list = defineOperation('user.list', z.strictObject({ biller: z.string() }), async (services, input) => {
  const { id: billerId } = await requireBiller(services, input.biller);
  const users = await listUsers(services.database.db, billerId);
  return Promise.all(users.map((user) => userView(services, user)));
});

export const userOperations = [add, update, remove, list];
