import { describe, expect, test } from 'vitest';
import { setPasswordPage } from '../../../../src/endpoints/sign-in/views/set-password-page.ts';
import { signInPage } from '../../../../src/endpoints/sign-in/views/sign-in-page.ts';
import { signedInPage } from '../../../../src/endpoints/sign-in/views/signed-in-page.ts';
import { signedOutPage } from '../../../../src/endpoints/sign-in/views/signed-out-page.ts';
import { accountChoicePage } from '../../../../src/endpoints/sign-on/views/account-choice-page.ts';
import { prepareAutoSubmitPage } from '../../../../src/platform/http/pages/auto-submit-page.ts';
import { errorPage } from '../../../../src/platform/http/pages/error-page.ts';
import { layout } from '../../../../src/platform/http/pages/layout.ts';

// Breaks out of text, of both kinds of quotes, of an attribute without quotes, of a comment, of a title.
const attack = (mark: string) => `zz-${mark}"'>--></title></noscript><script>alert(1)</script><!--&lt; onload=x`;

// Every string of each model is a distinct attack, so that a failure names the one that is not escaped.
const pages: Record<string, { marks: string[]; page: string }> = {
  layout: {
    marks: ['title', 'biller'],
    page: layout({ title: attack('title'), billerName: attack('biller'), body: '' }),
  },
  help: {
    marks: ['biller', 'contact', 'email', 'phone', 'privacy'],
    page: layout({
      title: 'Riverton',
      billerName: attack('biller'),
      help: {
        contactUrl: attack('contact'),
        contactEmail: attack('email'),
        contactPhone: attack('phone'),
        privacyUrl: attack('privacy'),
      },
      body: '',
    }),
  },
  'auto-submit page': {
    marks: ['biller', 'acs', 'relay'],
    page: prepareAutoSubmitPage(attack('biller'), attack('acs'))('QUJD', attack('relay')),
  },
  'error page': {
    marks: ['title', 'sentence', 'remedy', 'code', 'reference', 'biller', 'href', 'label'],
    page: errorPage({
      title: attack('title'),
      sentence: attack('sentence'),
      remedy: attack('remedy'),
      code: attack('code'),
      reference: attack('reference'),
      billerName: attack('biller'),
      wayOut: { href: attack('href'), label: attack('label'), newWindow: true },
    }),
  },
  'sign-in page': {
    marks: ['biller', 'action', 'name', 'value', 'email', 'href', 'title', 'sentence'],
    page: signInPage({
      portalHref: attack('href'),
      billerName: attack('biller'),
      action: attack('action'),
      hidden: { [attack('name')]: attack('value') },
      email: attack('email'),
      error: { title: attack('title'), sentence: attack('sentence') },
    }),
  },
  'signed-in page': {
    marks: ['biller', 'email', 'number', 'label', 'href', 'action', 'name', 'value'],
    page: signedInPage({
      billerName: attack('biller'),
      email: attack('email'),
      accounts: [{ number: attack('number'), links: [{ label: attack('label'), href: attack('href') }] }],
      signOutAction: attack('action'),
      hidden: { [attack('name')]: attack('value') },
    }),
  },
  'signed-in page with folded accounts': {
    marks: ['number', 'label', 'href'],
    page: signedInPage({
      billerName: 'Riverton',
      email: 'jane@example.com',
      accounts: Array.from({ length: 3 }, () => ({
        number: attack('number'),
        links: [{ label: attack('label'), href: attack('href') }],
      })),
      signOutAction: '/logout',
      hidden: {},
    }),
  },
  'signed-in page without accounts': {
    marks: ['biller'],
    page: signedInPage({ billerName: attack('biller'), email: '', accounts: [], signOutAction: '', hidden: {} }),
  },
  'set password': {
    marks: ['biller', 'action', 'name', 'value', 'email', 'title', 'sentence'],
    page: setPasswordPage({
      billerName: attack('biller'),
      action: attack('action'),
      hidden: { [attack('name')]: attack('value') },
      email: attack('email'),
      error: { title: attack('title'), sentence: attack('sentence') },
    }),
  },
  'signed-out page': {
    marks: ['biller', 'href', 'portal'],
    page: signedOutPage({ billerName: attack('biller'), signInHref: attack('href'), portalHref: attack('portal') }),
  },
  'account choice page': {
    marks: ['biller', 'action', 'name', 'value', 'id', 'number', 'role', 'email', 'otherAction', 'otherName'],
    page: accountChoicePage({
      billerName: attack('biller'),
      action: attack('action'),
      hidden: { [attack('name')]: attack('value') },
      accounts: [{ id: attack('id'), number: attack('number'), role: attack('role') }],
      email: attack('email'),
      notYou: { action: attack('otherAction'), hidden: { [attack('otherName')]: 'x' } },
    }),
  },
};

describe.each(Object.entries(pages))('%s', (_name, { marks, page }) => {
  test.each(marks)('shows a hostile %s as text', (mark) => {
    // The page capitalizes a role.
    const shown = new RegExp(`zz-${mark}&#34;&#39;&#62;--&#62;&#60;/title`, 'i');
    expect(page).toMatch(shown);
    expect(page).not.toMatch(new RegExp(`zz-${mark}["'>]`, 'i'));
  });

  test('has no inline script, style or event handler', () => {
    expect(page).not.toMatch(/<script(?! src="\/assets\/)/);
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
  });
});
