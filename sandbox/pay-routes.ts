import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BillerStore } from './billers/biller-store.ts';
import { type Destination, destinationNamed } from './destinations.ts';
import { sendPage, wantsJson } from './http/answers.ts';
import { requireSameOrigin } from './http/same-origin.ts';
import { landingPath } from './landing-path.ts';
import { field, guidFromPath } from './redirect-link.ts';
import { Refusal } from './refusal.ts';
import type { SignedOn } from './saml/sign-on.ts';
import type { Sessions } from './sessions.ts';
import { landingView } from './views/landing-view.ts';

interface PayOptions {
  readonly billers: BillerStore;
  readonly sessions: Sessions;
  readonly publicUrl: string;
}

/** The payment site: the pages at which a sign-on ends. */
export async function payRoutes(app: FastifyInstance, { billers, sessions, publicUrl }: PayOptions): Promise<void> {
  const open = (request: FastifyRequest): { signedOn: SignedOn; destination: Destination } => {
    const guid = guidFromPath(request.params);
    if (billers.find(guid) === undefined) {
      throw new Refusal(
        'unknown-biller',
        404,
        `No biller with the BillerGUID ${guid} is onboarded.`,
        'Onboard it at /onboarding.',
      );
    }
    const destination = destinationNamed(field(request.params, 'destination') ?? '');
    if (destination === undefined) {
      throw new Refusal('unknown-page', 404, 'This page does not exist.', 'Choose one from the menu.');
    }
    const frame = field(request.query, 'ViewMode') === '1' ? (field(request.query, 'Frame') ?? '') : undefined;
    const signedOn = sessions.find(request, guid, frame);
    if (signedOn === undefined) {
      throw new Refusal(
        'not-signed-in',
        403,
        'You are not signed in.',
        'Go back to your portal and open this page from there.',
      );
    }
    return { signedOn, destination };
  };

  app.get('/pay/:billerGuid/:destination', async (request, reply) => {
    const { signedOn, destination } = open(request);
    if (wantsJson(request)) {
      return reply.send({ ...signedOn, destination: destination.slug, page: destination.title });
    }
    const pressed = field(request.query, 'pressed') !== undefined;
    return sendPage(reply, landingView(signedOn, destination, pressed), { framed: signedOn.viewMode === 1 });
  });

  // The buttons on the payment pages work but change nothing.
  app.post('/pay/:billerGuid/:destination', async (request, reply) => {
    requireSameOrigin(request, publicUrl);
    const { signedOn, destination } = open(request);
    const path = landingPath(signedOn, destination);
    return reply.redirect(`${path}${path.includes('?') ? '&' : '?'}pressed=1`, 303);
  });
}
