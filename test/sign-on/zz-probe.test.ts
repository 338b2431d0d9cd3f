import { expect, test } from 'vitest';
import { useStage, EMAIL, PASSWORD } from './stage.ts';
import { signOnTraces } from '../../src/database/schema.ts';
import { authnRequest, redirectQuery, postFields } from '../support/authn-request.ts';
import { requirePosted, postedBy, errorCodeOf, statusOf, elementsNamed } from '../support/browser-like.ts';
const stage = useStage();
test('probe', async () => {
  await stage.bring(stage.stranger(), { issuer: 'pat@example.com', inside: '<samlp:Extensions><x:Mail xmlns:x="urn:x" who="pat@example.com">pat@example.com</x:Mail></samlp:Extensions>' });
  await stage.bring(stage.stranger(), { attributes: { Version: '3', Destination: 'https://x.example/?u=pat@example.com', ID:'_x' } });
  await stage.bring(stage.stranger(), { attributes: { AssertionConsumerServiceURL: 'https://x.example/?u=pat@example.com'} });
  await stage.bring(stage.stranger(), { attributes: { IssueInstant: null}, inside: '<saml:Subject><saml:SubjectConfirmation Method="x"><saml:NameID>pat@example.com</saml:NameID></saml:SubjectConfirmation></saml:Subject>' });
  console.log(JSON.stringify(await stage.installation.services.database.orm.select().from(signOnTraces), null, 1));
  console.log(JSON.stringify(await stage.installation.operate('audit.list', { limit: 3 }), null, 1));
  // concurrent updates
  const { state } = await stage.installation.operate('biller.compare', { slug: 'riverton', name: 'x' }) as any;
  console.log(await Promise.allSettled([1,2,3].map((n) => stage.installation.operate('biller.update', { slug: 'riverton', state, name: `Name ${n}` }))));
  console.log(await Promise.allSettled([stage.installation.operate('biller.update', { slug: 'riverton', settings: {clockSkewSeconds: 7} }), stage.installation.operate('biller.update', { slug: 'riverton', settings: { requestMaxAgeSeconds: 77} })]).then(async () => (await stage.installation.services.billers.bySlug('riverton')).settings));
  await stage.addBiller('u', { settings: { unsolicited: true } });
  await stage.installation.addUser('u', 'no@example.com', PASSWORD, []);
  const b = await stage.signedIn('u', 'no@example.com');
  const asked = await b.follow(await b.get('/saml/u/sso', {'sec-fetch-site': 'cross-site'}));
  console.log(asked.statusCode, errorCodeOf(asked), asked.body.slice(0, 1500));
  const q = await b.get('/saml/u/sso?RelayState=x');
  console.log(q.statusCode, errorCodeOf(q));
  const r = requirePosted(await stage.bring(await stage.signedIn(), { inside: '<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>'}));
  console.log(elementsNamed(r.root, 'AuthnContextClassRef').map(e=>e.text));
  const IssueInstant = new Date(stage.now()).toISOString();
  for (const text of [postFields(authnRequest({attributes: {IssueInstant}})).SAMLRequest+'', r.xml, encodeURIComponent(Buffer.from(r.xml).toString('base64')), new URLSearchParams({SAMLResponse: Buffer.from(r.xml).toString('base64'), RelayState: 'x'}).toString()])
  console.log(JSON.stringify(await stage.installation.operate('inspect', { text }), null, 1));
});
