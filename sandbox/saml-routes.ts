import type { FastifyInstance } from 'fastify';
import type { Biller } from './billers/biller.ts';
import type { BillerStore } from './billers/biller-store.ts';
import { destinationOf } from './destinations.ts';
import { sendPage, wantsJson } from './http/answers.ts';
import { landingPath } from './landing-path.ts';
import { field, guidFromPath, readRedirectLink } from './redirect-link.ts';
import { Refusal } from './refusal.ts';
import { copiedAgain } from './saml/copy-metadata.ts';
import type { MetadataSources } from './saml/fetch-metadata.ts';
import { serviceProviderMetadata, serviceProviderUrls } from './saml/service-provider.ts';
import type { SignOn } from './saml/sign-on.ts';
import type { Sessions } from './sessions.ts';
import { autoPostView } from './views/auto-post-view.ts';

interface SamlOptions {
  readonly publicUrl: string;
  readonly billers: BillerStore;
  readonly sessions: Sessions;
  readonly signOn: SignOn;
  readonly sources: MetadataSources;
}

/** The endpoints for the Identity Provider and the browser: SP metadata, redirect link, Assertion Consumer Service. */
export async function samlRoutes(app: FastifyInstance, options: SamlOptions): Promise<void> {
  const { publicUrl, billers, sessions, signOn, sources } = options;

  // Works before onboarding too, because the Identity Provider needs the metadata first.
  app.get('/saml/:billerGuid/metadata', async (request, reply) => {
    const urls = serviceProviderUrls(publicUrl, guidFromPath(request.params));
    return reply.type('application/samlmetadata+xml; charset=utf-8').send(serviceProviderMetadata(urls));
  });

  app.get('/saml/:billerGuid', async (request, reply) => {
    const biller = knownBiller(billers, request.params);
    const page = readRedirectLink(request.query);
    const outgoing = await signOn.start(biller, page);
    if (outgoing.kind === 'redirect') {
      return reply.redirect(outgoing.url, 302);
    }
    const formTarget = new URL(outgoing.action).origin;
    return sendPage(reply, autoPostView(biller.name, outgoing.action, outgoing.fields), {
      formTarget,
      framed: page.viewMode === 1,
    });
  });

  app.post('/saml/:billerGuid/acs', async (request, reply) => {
    const known = knownBiller(billers, request.params);
    const biller = await copiedAgain(known, sources);
    if (biller !== known) {
      await billers.save(biller);
    }
    const encodedResponse = field(request.body, 'SAMLResponse');
    const relayState = field(request.body, 'RelayState');
    if (encodedResponse === undefined || relayState === undefined) {
      throw new Refusal(
        'malformed-response',
        400,
        'The form must contain SAMLResponse and RelayState, each exactly once.',
        'A sign-on here always starts from the redirect link, which issues the RelayState.',
      );
    }
    const signedOn = await signOn.finish(biller, encodedResponse, relayState);
    sessions.begin(reply, signedOn);
    const location = landingPath(signedOn, destinationOf(signedOn.deepLinkId));
    return wantsJson(request)
      ? reply.code(303).header('location', location).send({ status: 'signed-on', location })
      : reply.redirect(location, 303);
  });
}

function knownBiller(billers: BillerStore, params: unknown): Biller {
  const guid = guidFromPath(params);
  const biller = billers.find(guid);
  if (biller === undefined) {
    throw new Refusal(
      'unknown-biller',
      404,
      `No biller with the BillerGUID ${guid} is onboarded.`,
      'Onboard it at /onboarding.',
    );
  }
  return biller;
}
