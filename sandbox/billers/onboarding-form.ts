import { z } from 'zod';
import { type Biller, bindings, keepsChoices, readGuid } from './biller.ts';

const claimName = z.string().trim().max(256, 'has more than 256 characters').regex(/^\S*$/, 'must not contain spaces');

const meanings = z
  .string()
  .max(2000, 'has more than 2000 characters')
  .transform((text, context): Biller['loginTypeMeanings'] => {
    const entries: Biller['loginTypeMeanings'] = [];
    for (const line of text.split('\n').map((raw) => raw.trim())) {
      if (line === '') {
        continue;
      }
      const match = /^(-?[0-9]{1,9})\s*=\s*(\S.{0,99})$/.exec(line);
      if (match?.[1] === undefined || match[2] === undefined) {
        context.addIssue({
          code: 'custom',
          message: `has the line "${line}"; each line must look like 1=Account owner`,
        });
        return z.NEVER;
      }
      entries.push({ loginType: Number(match[1]), meaning: match[2] });
    }
    return entries;
  });

/**
 * The fields that the form sends. Absent fields take their defaults; an empty AccountNumber claim means "not expected".
 */
const formSchema = z.object({
  billerGuid: z
    .string()
    .trim()
    .transform((text, context) => {
      const guid = readGuid(text);
      if (guid === undefined) {
        context.addIssue({ code: 'custom', message: 'is not a GUID such as 7f4c0c52-3b1e-4c0d-9d55-0a6f5f1f2a10' });
        return z.NEVER;
      }
      return guid;
    }),
  name: z.string().trim().min(1, 'is empty').max(120, 'has more than 120 characters'),
  metadataUrl: z.string().trim().min(1, 'is empty').max(2000, 'has more than 2000 characters'),
  claimEmail: claimName.min(1, 'is empty').default('Email'),
  claimLoginType: claimName.min(1, 'is empty').default('LoginType'),
  claimAccountNumber: claimName.default('AccountNumber'),
  binding: z.enum(bindings, `must be ${bindings.join(' or ')}`).default('HTTP-Redirect'),
  keeps: z.enum(keepsChoices, `must be ${keepsChoices.join(' or ')}`).default('first'),
  responseSignatureRequired: z
    .union([z.boolean(), z.enum(['on', 'true', 'false'])])
    .transform((value) => value === true || value === 'on' || value === 'true')
    .default(false),
  loginTypeMeanings: meanings.prefault('1=Account owner\n5=Portal user'),
});

/** The form's fields with their labels, in form order. */
export const formLabels = {
  billerGuid: 'BillerGUID',
  name: 'Biller name',
  metadataUrl: 'Identity Provider metadata URL',
  claimEmail: 'Claim name for Email',
  claimLoginType: 'Claim name for LoginType',
  claimAccountNumber: 'Claim name for AccountNumber',
  binding: 'AuthnRequest binding',
  keeps: 'Certificates kept',
  responseSignatureRequired: 'Response signature required',
  loginTypeMeanings: 'LoginType meanings',
} as const satisfies Record<keyof z.infer<typeof formSchema>, string>;

type FormField = keyof typeof formLabels;
/** The text as entered, to fill in the form again. */
export type TypedValues = Partial<Record<FormField, string>>;

type FormResult =
  | { readonly ok: true; readonly values: z.infer<typeof formSchema> }
  | { readonly ok: false; readonly problems: Partial<Record<FormField, string>> };

/** Validates the submitted form. Each problem is a sentence about its field. */
export function readForm(body: unknown): FormResult {
  const result = formSchema.safeParse(body ?? {});
  if (result.success) {
    return { ok: true, values: result.data };
  }
  const problems: Partial<Record<FormField, string>> = {};
  for (const issue of result.error.issues) {
    const field = String(issue.path[0]);
    if (isFormField(field)) {
      const missing = issue.code === 'invalid_type' ? 'is missing' : issue.message;
      problems[field] ??= `${formLabels[field]} ${missing}.`;
    }
  }
  return { ok: false, problems };
}

/** Reads the entered text from the body, to show it again. */
export function typedValues(body: unknown): TypedValues {
  const typed: TypedValues = {};
  if (typeof body === 'object' && body !== null) {
    for (const [field, value] of Object.entries(body)) {
      if (isFormField(field) && (typeof value === 'string' || typeof value === 'boolean')) {
        typed[field] = String(value);
      }
    }
  }
  return typed;
}

function isFormField(field: string): field is FormField {
  return Object.hasOwn(formLabels, field);
}
