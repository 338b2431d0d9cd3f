import { z } from 'zod';
import type { Biller } from '../../../core/billers/biller.ts';
import { differencesOf } from '../../../core/billers/difference.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { type InputCode, inputCodes } from '../../../platform/errors/input-codes.ts';
import type { ServiceProvider } from '../../../protocols/saml/sp-metadata/service-provider.ts';
import { inputErrorOf, wordsForIssue } from '../input-issue.ts';
import { defineOperation } from '../operation.ts';
import { newBillerInput } from './input.ts';
import { type CheckedBiller, checkNewBiller, type NewBiller, requireServiceProvider } from './new-biller.ts';
import { settingProblems } from './settings.ts';

const rowSchema = z.strictObject({
  /** Where the row is, in words, e.g. "line 3". */
  place: z.string(),
  /** What `biller.add` would get. */
  biller: z.record(z.string(), z.unknown()),
});
type Row = z.output<typeof rowSchema>;

const problemSchema = z.object({
  field: z.string().optional(),
  given: z.string().optional(),
  complaint: z.string(),
  code: z.enum(Object.keys(inputCodes) as [InputCode]),
});
type Problem = z.input<typeof problemSchema>;

/** `there`: a biller that is just like the row. `different`: the biller is there, but something of it is not. */
const STATES = ['new', 'there', 'different', 'wrong'] as const;
const plannedSchema = z.object({
  place: z.string(),
  slug: z.string(),
  state: z.enum(STATES),
  problems: z.array(problemSchema),
  differences: z.array(z.object({ what: z.string(), before: z.string(), after: z.string() })),
  warnings: z.array(z.string()).readonly(),
});
type Planned = z.input<typeof plannedSchema>;

const problemOf = ({ field, given, complaint, code }: InputError): Problem => ({ field, given, complaint, code });

/** @returns what it returns, or the problem that it throws */
function attempt<Result>(work: () => Result): Result | Problem[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) return [problemOf(error)];
    throw error;
  }
}

/** @returns the row as `biller.add` would take it, or everything that is wrong with it by itself */
function readRow({ biller }: Row, now: number): { input: NewBiller; checked: CheckedBiller } | Problem[] {
  const parsed = newBillerInput.safeParse(biller, { error: wordsForIssue, reportInput: true });
  const settings = z.record(z.string(), z.unknown()).safeParse(biller.settings ?? {});
  const ofSettings = settings.success ? settingProblems(settings.data).map(problemOf) : [];
  if (!parsed.success) {
    return [...parsed.error.issues.map((issue) => problemOf(inputErrorOf(issue))), ...ofSettings];
  }
  const { data: input } = parsed;
  if (ofSettings.length > 0) {
    const provider = attempt(() => requireServiceProvider(input, now));
    return [...(Array.isArray(provider) ? provider : []), ...ofSettings];
  }
  const checked = attempt(() => checkNewBiller(input, now));
  return Array.isArray(checked) ? checked : { input, checked };
}

const isSame = (one: ServiceProvider, other: ServiceProvider) =>
  one.entityId === other.entityId && one.acs.some(({ url }) => other.acs.some((known) => known.url === url));

const textOf = (schema: z.ZodType<string>, value: unknown) => schema.safeParse(value).data?.toLowerCase();

/** Finds what only one row of a file may have. */
function createRegister() {
  const places = { slug: new Map<string, string>(), billerGuid: new Map<string, string>() };
  const providers: { readonly slug: string; readonly place: string; readonly provider: ServiceProvider }[] = [];
  return {
    /** @returns a problem for each value that an earlier row has */
    repeated({ place, biller }: Row): Problem[] {
      return (['slug', 'billerGuid'] as const).flatMap((field) => {
        const value = textOf(newBillerInput.shape[field], biller[field]);
        if (value === undefined) return [];
        const earlier = places[field].get(value);
        if (earlier === undefined) places[field].set(value, place);
        const complaint = `${earlier} has the same one.`;
        return earlier === undefined ? [] : [{ field, given: value, complaint, code: 'input_invalid' as const }];
      });
    },
    /** @returns the place of an earlier row with the same Service Provider */
    providerOf(slug: string, place: string, provider: ServiceProvider): string | undefined {
      const earlier = providers.find((known) => known.slug !== slug && isSame(known.provider, provider));
      providers.push({ slug, place, provider });
      return earlier?.place;
    },
  };
}

/**
 * Checks billers that are to be added together: each one by itself, against the others, and against those that exist.
 * Changes nothing.
 */
export const planImport = defineOperation({
  uses: ['billers', 'hsm', 'clock'],
  input: z.strictObject({
    rows: z.array(rowSchema).min(1, 'there is no biller in it').max(10_000, 'must have at most 10,000 billers'),
    /** It is right that some have the same Service Provider as others. */
    sameServiceProvider: z.boolean().default(false),
  }),
  output: z.array(plannedSchema),
  run: async ({ billers, hsm, clock }, { rows, sameServiceProvider }) => {
    const now = clock();
    const all = await billers.all();
    const known = {
      bySlug: new Map(all.map((biller) => [biller.slug, biller])),
      byGuid: new Map(all.map((biller) => [biller.billerGuid, biller])),
    };
    const register = createRegister();
    return rows.map((row): Planned => {
      const repeated = register.repeated(row);
      const read = readRow(row, now);
      const slug = String(row.biller.slug ?? '');
      const nothing = { place: row.place, slug, problems: [], differences: [], warnings: [] };
      if (Array.isArray(read)) return { ...nothing, state: 'wrong', problems: [...repeated, ...read] };
      return planned(row.place, read, repeated);
    });

    function planned(place: string, read: { input: NewBiller; checked: CheckedBiller }, repeated: Problem[]): Planned {
      const { input, checked } = read;
      const { slug, name } = input;
      const { serviceProvider, settings, billerGuid, warnings } = checked;
      const biller = known.bySlug.get(slug);
      const problems = [...repeated, ...clashes(biller, slug, billerGuid)];
      if (biller === undefined) {
        if (input.module && hsm === undefined) problems.push(withoutModule);
        const shared = sharedWith(slug, place, serviceProvider);
        if (shared !== undefined && !sameServiceProvider) problems.push(sharedProvider(serviceProvider, shared));
      }
      const differences =
        biller === undefined || problems.length > 0 ? [] : differencesOf(biller, { name, serviceProvider, settings });
      const there = differences.length > 0 ? 'different' : 'there';
      const state = problems.length > 0 ? 'wrong' : biller === undefined ? 'new' : there;
      return { place, slug, state, problems, differences, warnings };
    }

    function clashes(biller: Biller | undefined, slug: string, billerGuid: string): Problem[] {
      if (biller?.billerGuid === billerGuid) return [];
      if (biller !== undefined) {
        const complaint = `is there already, with another BillerGUID: ${biller.billerGuid}.`;
        return [{ field: 'slug', given: slug, complaint, code: 'biller_exists' }];
      }
      const other = known.byGuid.get(billerGuid);
      if (other === undefined) return [];
      const complaint = `belongs to the biller "${other.slug}" already.`;
      return [{ field: 'billerGuid', given: billerGuid, complaint, code: 'biller_guid_taken' }];
    }

    function sharedWith(slug: string, place: string, provider: ServiceProvider): string | undefined {
      const earlier = register.providerOf(slug, place, provider);
      const other = all.find((biller) => biller.slug !== slug && isSame(biller.serviceProvider, provider));
      return other === undefined ? earlier : `the biller "${other.slug}"`;
    }
  },
});

const withoutModule: Problem = {
  field: 'module',
  complaint: 'no HSM is configured: set PKCS11_LIBRARY, PKCS11_TOKEN and PKCS11_PIN.',
  code: 'module_missing',
};

const sharedProvider = ({ entityId }: ServiceProvider, other: string): Problem => ({
  field: 'spMetadata',
  complaint: `the Service Provider "${entityId}" with this ACS URL is that of ${other} too.`,
  code: 'service_provider_of_another_biller',
});
