import type { FastifyInstance } from 'fastify';
import { sendPage, wantsJson } from '../http/answers.ts';
import { requireSameOrigin } from '../http/same-origin.ts';
import { field } from '../redirect-link.ts';
import { Refusal } from '../refusal.ts';
import { copyMetadata } from '../saml/copy-metadata.ts';
import type { MetadataSources } from '../saml/fetch-metadata.ts';
import { onboardingView, valuesOf } from '../views/onboarding-view.ts';
import { overviewView } from '../views/overview-view.ts';
import { type Biller, readGuid } from './biller.ts';
import type { BillerStore } from './biller-store.ts';
import { readForm, typedValues } from './onboarding-form.ts';

interface OnboardingOptions {
  readonly publicUrl: string;
  readonly billers: BillerStore;
  readonly sources: MetadataSources;
}

/** The overview and the form for onboarding staff. */
export async function onboardingRoutes(
  app: FastifyInstance,
  { publicUrl, billers, sources }: OnboardingOptions,
): Promise<void> {
  app.get('/', async (request, reply) => {
    const saved = readGuid(field(request.query, 'saved') ?? '');
    return sendPage(reply, overviewView(billers.list(), publicUrl, saved));
  });

  app.get('/onboarding', async (request, reply) => {
    const biller = billers.find(readGuid(field(request.query, 'biller') ?? '') ?? '');
    return sendPage(reply, onboardingView({ values: biller === undefined ? {} : valuesOf(biller), problems: {} }));
  });

  app.post('/onboarding', async (request, reply) => {
    requireSameOrigin(request, publicUrl);
    const form = readForm(request.body);
    if (!form.ok) {
      const reason = Object.values(form.problems).join(' ') || 'The form is empty.';
      if (wantsJson(request)) {
        return reply.code(400).send({ error: reason });
      }
      return sendPage(reply.code(400), onboardingView({ values: typedValues(request.body), problems: form.problems }));
    }
    const { billerGuid, ...rest } = form.values;
    try {
      const biller: Biller = {
        guid: billerGuid,
        ...rest,
        copied: await copyMetadata(rest, sources),
      };
      await billers.save(biller);
      if (wantsJson(request)) {
        return reply.send(summaryOf(biller));
      }
      return reply.redirect(`/?saved=${biller.guid}`, 303);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      if (wantsJson(request)) {
        return reply.code(400).send({ error: error.message });
      }
      const problems = { metadataUrl: error.message };
      return sendPage(reply.code(400), onboardingView({ values: typedValues(request.body), problems }));
    }
  });
}

function summaryOf({ guid, copied }: Biller): Record<string, string> {
  return {
    billerGuid: guid,
    entityId: copied.entityId,
    ssoUrl: copied.ssoUrl,
    certificateFingerprint: copied.certificateFingerprint,
    copiedAt: copied.at,
  };
}
