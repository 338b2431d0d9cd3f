import { html } from 'ghtml';
import { type Biller, bindings, keepsChoices } from '../billers/biller.ts';
import { formLabels, type TypedValues } from '../billers/onboarding-form.ts';
import { staffLayout } from './layout.ts';

interface FormState {
  readonly values: TypedValues;
  readonly problems: TypedValues;
}

type Field = keyof typeof formLabels;

const defaults: TypedValues = {
  claimEmail: 'Email',
  claimLoginType: 'LoginType',
  claimAccountNumber: 'AccountNumber',
  binding: 'HTTP-Redirect',
  keeps: 'first',
  loginTypeMeanings: '1=Account owner\n5=Portal user',
};

const keepsLabels: Readonly<Record<Biller['keeps'], string>> = {
  first: 'The first',
  all: 'All',
  'fetches-again': 'All, fetched again',
};

/** The form's values for an onboarded biller. */
export function valuesOf(biller: Biller): TypedValues {
  return {
    billerGuid: biller.guid,
    name: biller.name,
    metadataUrl: biller.metadataUrl,
    claimEmail: biller.claimEmail,
    claimLoginType: biller.claimLoginType,
    claimAccountNumber: biller.claimAccountNumber,
    binding: biller.binding,
    keeps: biller.keeps,
    ...(biller.responseSignatureRequired ? { responseSignatureRequired: 'on' } : {}),
    loginTypeMeanings: biller.loginTypeMeanings.map(({ loginType, meaning }) => `${loginType}=${meaning}`).join('\n'),
  };
}

/** The onboarding form, empty or filled in, with any problems next to their fields. */
export function onboardingView(state: FormState): string {
  const count = Object.keys(state.problems).length;
  return staffLayout(
    'Onboarding',
    html`<div class="page-head"><div><h1>Onboard a biller</h1>
<p class="muted">Saving fetches the metadata once and copies the Entity ID, the SSO Service URL and the certificates to be kept. To pick up a new certificate, save the form again.</p></div></div>
!${count === 0 ? '' : '<p class="notice bad" role="alert">Nothing was saved. Correct the marked fields and save again.</p>'}
<form class="card form" method="post" action="/onboarding">
<fieldset><legend>Biller</legend>
!${input(state, 'billerGuid', 'As in the CRM, for example 7f4c0c52-3b1e-4c0d-9d55-0a6f5f1f2a10.', true)}
!${input(state, 'name', 'As customers know it.', true)}
!${meaningsInput(state)}
</fieldset>
<fieldset><legend>Identity Provider</legend>
!${input(state, 'metadataUrl', 'https, or http for localhost.', true)}
!${choice(state, 'binding', bindings, '')}
!${choice(state, 'keeps', keepsChoices, 'Copied when this form is saved, or fetched again for each sign-on. Invoice Cloud is assumed to keep the first.', keepsLabels)}
!${signatureChoice(state)}
</fieldset>
<fieldset><legend>Claims</legend>
!${input(state, 'claimEmail', '', true)}
!${input(state, 'claimLoginType', '', true)}
!${input(state, 'claimAccountNumber', 'Leave empty if no account number is expected.', false)}
</fieldset>
<div class="form-end"><button class="button" type="submit">Save and copy the metadata</button><a href="/">Cancel</a></div>
</form>`,
  );
}

function shownValue(state: FormState, field: Field): string {
  const blank = Object.keys(state.values).length === 0;
  return (blank ? defaults[field] : state.values[field]) ?? '';
}

function around(state: FormState, field: Field, hint: string, control: string): string {
  const problem = state.problems[field];
  return html`<div class="field"><label for="${field}">${formLabels[field]}</label>
!${control}
!${hint === '' ? '' : html`<p class="hint" id="${field}-hint">${hint}</p>`}
!${problem === undefined ? '' : html`<p class="problem" id="${field}-problem">${problem}</p>`}
</div>`;
}

// The attributes that link a field to its hint and problem, for screen readers.
function ties(state: FormState, field: Field, hint: string): string {
  const invalid = state.problems[field] !== undefined;
  const ids = [hint === '' ? '' : `${field}-hint`, invalid ? `${field}-problem` : ''].filter((id) => id !== '');
  return html`!${ids.length === 0 ? '' : html`aria-describedby="${ids.join(' ')}"`} !${invalid ? 'aria-invalid="true"' : ''}`;
}

function input(state: FormState, field: Field, hint: string, required: boolean): string {
  const control = html`<input id="${field}" name="${field}" value="${shownValue(state, field)}" autocomplete="off" spellcheck="false" !${required ? 'required' : ''} !${ties(state, field, hint)}>`;
  return around(state, field, hint, control);
}

function meaningsInput(state: FormState): string {
  const hint = 'Optional. One per line: number=meaning.';
  const control = html`<textarea id="loginTypeMeanings" name="loginTypeMeanings" rows="3" spellcheck="false" !${ties(state, 'loginTypeMeanings', hint)}>${shownValue(state, 'loginTypeMeanings')}</textarea>`;
  return around(state, 'loginTypeMeanings', hint, control);
}

function choice<Value extends string>(
  state: FormState,
  field: Field,
  values: readonly Value[],
  hint: string,
  labels?: Readonly<Record<Value, string>>,
): string {
  const chosen = shownValue(state, field) || values[0];
  const options = values.map(
    (value) =>
      html`<option value="${value}" !${chosen === value ? 'selected' : ''}>${labels?.[value] ?? value}</option>`,
  );
  const control = html`<select id="${field}" name="${field}" !${ties(state, field, hint)}>!${options}</select>`;
  return around(state, field, hint, control);
}

function signatureChoice(state: FormState): string {
  const checked = ['on', 'true'].includes(shownValue(state, 'responseSignatureRequired')) ? 'checked' : '';
  return html`<div class="field check"><input type="checkbox" id="responseSignatureRequired" name="responseSignatureRequired" value="on" !${checked}>
<div><label for="responseSignatureRequired">${formLabels.responseSignatureRequired}</label>
<p class="hint">The assertion must always be signed. Check this to require a signature on the Response too.</p></div></div>`;
}
