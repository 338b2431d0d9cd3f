import { z } from 'zod';
import { findImport, lockImport, type UserImport } from '../../../../core/portal-users/import/imports.ts';
import { readStagedUsers, readUnstagedUsers } from '../../../../core/portal-users/import/staged-users.ts';
import { compareVouchedUsers, type VouchedChange, type VouchedUser } from '../../../../core/portal-users/vouched.ts';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import { showValue } from '../../../../platform/errors/show-value.ts';
import { defineOperation } from '../../operation.ts';
import { requireUnderWay, rowProblemSchema, shownProblems } from './under-way.ts';

/** The rest is only counted. */
const MAX_EXAMPLES = 10;
const example = (externalId: string) => showValue(externalId, false);

const page = z.strictObject({
  import: z.uuid(),
  /** The `next` of the page before; empty for the first one. */
  after: z.string().default(''),
  /** Whether to do it; otherwise it is only said what would be done. */
  apply: z.boolean(),
});

const sayingOf = ({ billerId, source, reference }: UserImport, actor: string) => ({
  billerId,
  source,
  reference,
  actor,
});

function counted(users: readonly VouchedUser[], changes: readonly Pick<VouchedChange, 'kind' | 'changed'>[]) {
  const ofKind = (wanted: VouchedChange['kind']) => changes.filter(({ kind }) => kind === wanted).length;
  const examples = changes.flatMap(({ kind, changed }, position) =>
    kind === 'none' ? [] : [{ externalId: example(users[position]?.externalId ?? ''), kind, changed }],
  );
  return {
    added: ofKind('added'),
    updated: ofKind('updated'),
    unchanged: ofKind('none'),
    examples: examples.slice(0, MAX_EXAMPLES),
  };
}

/**
 * Goes through the users of an import, some at a time, with all of their rows: says what is new and what changes, or
 * changes it. A page is done as a whole or not at all.
 */
export const users = defineOperation({
  uses: ['database', 'portalUsers'],
  input: page,
  output: z.object({
    next: z.string().nullable(),
    added: z.number(),
    updated: z.number(),
    unchanged: z.number(),
    examples: z.array(
      z.object({
        externalId: z.string(),
        kind: z.enum(['added', 'updated']),
        changed: z.array(z.enum(['email', 'accounts'])).readonly(),
      }),
    ),
    /** What rows of a user say that contradicts another row of theirs. */
    problems: z.array(rowProblemSchema),
    wrong: z.number(),
  }),
  run: async ({ database, portalUsers }, { import: id, after, apply }, { name: actor }) => {
    if (!apply) {
      const underWay = requireUnderWay(await findImport(database.db, id));
      const { users: said, problems, next = null } = await readStagedUsers(database.db, id, after);
      const changes = await compareVouchedUsers(database.db, underWay, said);
      return { next, ...counted(said, changes), ...shownProblems(problems) };
    }
    const { said, next, changes } = await database.transaction(async (transaction) => {
      const underWay = requireUnderWay(await lockImport(transaction, id));
      const staged = await readStagedUsers(transaction, id, after);
      if (staged.problems.length > 0) {
        throw new InputError('Rows of the import contradict each other.', { code: 'import_wrong' });
      }
      const portals = staged.users.map(({ externalId, ...user }) => ({ ...user, id: externalId }));
      const made = await portalUsers.putAllWithin(transaction, portals, sayingOf(underWay, actor));
      return { said: staged.users, next: staged.next ?? null, changes: made };
    });
    await portalUsers.settled(...changes);
    return { next, ...counted(said, changes), problems: [], wrong: 0 };
  },
});

/** Goes through the users of the source who are not in an import, some at a time: counts them, or removes them. */
export const others = defineOperation({
  uses: ['database', 'portalUsers'],
  input: page,
  output: z.object({ next: z.string().nullable(), removed: z.number(), examples: z.array(z.string()) }),
  run: async ({ database, portalUsers }, { import: id, after, apply }, { name: actor }) => {
    const shown = (externalIds: readonly string[]) => externalIds.slice(0, MAX_EXAMPLES).map(example);
    if (!apply) {
      const underWay = requireUnderWay(await findImport(database.db, id));
      const { externalIds, next = null } = await readUnstagedUsers(database.db, underWay, after);
      return { next, removed: externalIds.length, examples: shown(externalIds) };
    }
    const { externalIds, next, removed } = await database.transaction(async (transaction) => {
      const underWay = requireUnderWay(await lockImport(transaction, id));
      const found = await readUnstagedUsers(transaction, underWay, after);
      const count = await portalUsers.removeAllWithin(transaction, found.externalIds, sayingOf(underWay, actor));
      return { ...found, removed: count };
    });
    await portalUsers.removalSettled(removed);
    return { next: next ?? null, removed, examples: shown(externalIds) };
  },
});
