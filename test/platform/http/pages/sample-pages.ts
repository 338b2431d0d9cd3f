import { setPasswordPage } from '../../../../src/endpoints/sign-in/views/set-password-page.ts';
import { signInPage } from '../../../../src/endpoints/sign-in/views/sign-in-page.ts';
import { signedInPage } from '../../../../src/endpoints/sign-in/views/signed-in-page.ts';
import { signedOutPage } from '../../../../src/endpoints/sign-in/views/signed-out-page.ts';
import { accountChoicePage } from '../../../../src/endpoints/sign-on/views/account-choice-page.ts';
import { prepareAutoSubmitPage } from '../../../../src/platform/http/pages/auto-submit-page.ts';
import { errorPage } from '../../../../src/platform/http/pages/error-page.ts';

const billerName = 'City of Riverton Water';
/** Long, to check that it fits a narrow page. */
export const email = 'jane.appleseed-with-a-rather-long-name@department.riverton.example';
const hidden = { csrf: 'x' };
const samlResponse = Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 151) % 256)).toString('base64');
const relayState = `?account=101Invoice&ViewMode=0 <b>"'&amp;%26+%2B%0A</b> é 💧 \\ = ;`;
/** The body that the auto-submit page must send, byte for byte. */
export const arrivesAs = new URLSearchParams({ SAMLResponse: samlResponse, RelayState: relayState }).toString();
const autoSubmit = (acsUrl: string) => prepareAutoSubmitPage(billerName, acsUrl)(samlResponse, relayState);
const accounts = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: `a${i}`,
    number: `20450-${i}`,
    role: i % 2 === 0 ? 'owner' : 'co-owner',
  }));
const withLinks = (count: number) =>
  accounts(count).map(({ number }) => ({ number, links: [{ label: 'Pay my bill', href: '/launch/riverton/bills' }] }));
/** The message after a failed sign-in. */
export const failure = { title: 'Sign-in failed', sentence: 'The email address or the password is not right.' };
/** A password that is too short. */
export const unfit = { title: 'Choose another password', sentence: 'Choose one with at least 8 characters.' };
const throttled = {
  title: 'Too many attempts',
  sentence: 'Try again in 15 minutes, or sign in now with a browser that you have used here before.',
};
const help = {
  contactUrl: 'https://riverton.example/help',
  contactEmail: 'customer-service-for-residential-water@riverton.example',
  contactPhone: '+1 (555) 010-0100',
  privacyUrl: 'https://riverton.example/privacy',
};
const error = {
  title: 'This sign-on request is too old',
  sentence: 'The sign-on request was made too long ago, or in the future.',
  remedy: 'Go back to your utility’s website and choose “Pay my bill” again.',
  code: 'request_stale',
  reference: '7KQ4-M2XD',
};

/** Every page, by the name in its URL. The ACS of `unanswered` does not answer at first. */
export const pages: Record<string, string> = {
  'auto-submit': autoSubmit('/acs'),
  unanswered: autoSubmit('/acs/unanswered'),
  'sign-in': signInPage({ billerName, action: '/login', hidden, email: '' }),
  'sign-in-failed': signInPage({ billerName, action: '/login', hidden, email, error: failure }),
  'sign-in-throttled': signInPage({
    billerName,
    help,
    portalHref: '/portal',
    action: '/login',
    hidden,
    email,
    error: throttled,
  }),
  'sign-in-new-password': signInPage({ billerName, action: '/login', hidden, email: '', hasNewPassword: true }),
  'set-password': setPasswordPage({ billerName, help, action: '/password', hidden, email }),
  'set-password-again': setPasswordPage({ billerName, action: '/password', hidden, email, error: unfit }),
  'signed-in': signedInPage({ billerName, email, accounts: withLinks(2), signOutAction: '/logout', hidden }),
  'signed-in-many': signedInPage({ billerName, email, accounts: withLinks(9), signOutAction: '/logout', hidden }),
  'signed-in-long': signedInPage({
    billerName,
    email,
    accounts: [{ number: '9'.repeat(90), links: [{ label: 'Pay my bill', href: '/' }] }, ...withLinks(1_500)],
    signOutAction: '/logout',
    hidden,
  }),
  'signed-out': signedOutPage({ billerName, signInHref: '/login/riverton' }),
  'signed-out-portal': signedOutPage({ billerName, help, signInHref: '/login/riverton', portalHref: '/portal' }),
  'signed-out-everywhere': signedOutPage({}),
  'choice-2': accountChoicePage({
    billerName,
    action: '/choose',
    hidden,
    accounts: accounts(2),
    email,
    notYou: undefined,
  }),
  'choice-30': accountChoicePage({
    billerName,
    action: '/choose',
    hidden,
    accounts: accounts(30),
    email,
    notYou: { action: '/logout', hidden },
  }),
  'choice-long': accountChoicePage({
    billerName,
    action: '/choose',
    hidden,
    accounts: [
      { id: 'a', number: '101Invoice', role: 'owner' },
      { id: 'b', number: '9'.repeat(90), role: 'co-owner' },
    ],
    email,
    notYou: undefined,
  }),
  'choice-1500': accountChoicePage({
    billerName,
    help,
    action: '/choose',
    hidden,
    accounts: accounts(1_500),
    email,
    notYou: { action: '/logout', hidden },
  }),
  error: errorPage({ ...error, billerName }),
  'error-help': errorPage({ ...error, billerName, help, wayOut: { href: '/', label: 'Back', newWindow: false } }),
  'error-framed': errorPage({ ...error, wayOut: { href: '/', label: 'Go on in a new window', newWindow: true } }),
};
