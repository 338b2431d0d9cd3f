import { z } from 'zod';
import type { Biller } from '../../../core/billers/biller.ts';
import { explainRequest } from '../../../diagnostics/inspect/explain-request.ts';
import { explainResponse } from '../../../diagnostics/inspect/explain-response.ts';
import { readPasted } from '../../../diagnostics/inspect/pasted.ts';
import { outlineXml } from '../../../diagnostics/outline.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { ASSERTION, PROTOCOL } from '../../../protocols/saml/names.ts';
import { childrenNamed, parseXml, type XmlElement, XmlError } from '../../../protocols/saml/reading/xml.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import type { Uses } from '../services.ts';
import { checkResults } from './check-results.ts';

const EXPLAINED = ['AuthnRequest', 'Response'] as const;

const inspectInput = z.strictObject({
  text: z.string().max(2 * 1024 * 1024, 'must not be larger than 2 MB'),
  biller: z.string().optional(),
  /** Names and values of people are shown. */
  showValues: z.boolean().default(false),
});

function parse(xml: string): XmlElement {
  try {
    return parseXml(xml, { comments: 'between' });
  } catch (error) {
    if (error instanceof XmlError) {
      throw new InputError(`The message is not acceptable XML: ${error.message}.`, { code: 'message_unreadable' });
    }
    throw error;
  }
}

/** The biller that a message is for, or from: by what it names. @throws InputError if that is not one biller */
async function billerOf(services: Uses<'billers'>, root: XmlElement): Promise<Biller> {
  const issuer = childrenNamed(root, ASSERTION, 'Issuer')[0]?.text;
  const destination = root.attributes.get('Destination');
  const all = await services.billers.all();
  const named = all.filter((biller) => biller.ssoUrl === destination || biller.entityId === issuer);
  const found = named.length > 0 ? named : all.filter((biller) => biller.serviceProvider.entityId === issuer);
  if (found.length === 1) return found[0] as Biller;
  throw new InputError(
    `The message names ${found.length === 0 ? 'no biller of this installation' : 'several billers'}.`,
    { code: 'message_biller_unclear' },
  );
}

export const inspect = defineOperation({
  uses: ['billers', 'keys', 'clock'],
  input: inspectInput,
  output: z.object({
    kind: z.enum(EXPLAINED),
    binding: z.string(),
    biller: z.string(),
    message: z.array(z.string()),
    checks: checkResults,
  }),
  run: async (services, { text, biller: slug, showValues }) => {
    const { binding, message } = readPasted(text);
    const root = parse(message.xml);
    const kind = EXPLAINED.find((name) => root.namespace === PROTOCOL && root.name === name);
    if (kind === undefined) {
      throw new InputError(`The message is ${root.name}. It must be an AuthnRequest or a Response.`, {
        code: 'message_unreadable',
      });
    }
    const biller = slug === undefined ? await billerOf(services, root) : await requireBiller(services, slug);
    const now = services.clock();
    const { certificates } = await services.keys.ofBiller(biller.id);
    return {
      kind,
      binding,
      biller: biller.slug,
      message: outlineXml(root, { masked: !showValues }),
      checks:
        kind === 'AuthnRequest'
          ? explainRequest(message, biller, now)
          : explainResponse(message.xml, root, biller, certificates, now),
    };
  },
});
