import { IdpError } from '../../platform/errors/idp-error.ts';
import { faultOfSecureUrl } from '../../platform/util/web-url.ts';
import { DESTINATION_NAMES, readDestination } from '../../protocols/invoice-cloud/destinations.ts';
import { buildRedirectLink, type ViewMode } from '../../protocols/invoice-cloud/redirect-link.ts';
import type { Biller } from '../billers/biller.ts';
import { claimsOf, loginTypeFor } from '../billers/claims.ts';
import type { PortalsUser } from '../portal-users/portal-users.ts';

/** A launch as a portal asks for it. */
export interface LaunchRequest {
  readonly user: PortalsUser;
  readonly account: string;
  /** A name from the list, or a DeepLinkID. */
  readonly destination: string | number;
  /** The biller's if undefined. */
  readonly viewMode?: ViewMode | undefined;
  readonly returnUrl?: string | undefined;
  readonly refreshUrl?: string | undefined;
}

/** Why a launch can't be made. */
export interface LaunchFault {
  readonly field: 'account' | 'destination' | 'returnUrl' | 'refreshUrl' | 'user';
  readonly code: 'account_not_listed' | 'url_not_registered' | 'field_invalid';
  readonly given: unknown;
  /** What is wrong and what is accepted: goes on after the name of the field. */
  readonly complaint: string;
}

/** One thing that was looked at, in words. */
export interface LaunchCheck {
  readonly name: string;
  readonly found: string;
  readonly fault?: LaunchFault;
}

/** A launch that can be made. */
export interface LaunchPlan {
  readonly biller: Biller;
  readonly user: PortalsUser;
  readonly account: string;
  readonly destination: number;
  readonly viewMode: ViewMode;
  readonly returnUrl: string | undefined;
  readonly refreshUrl: string | undefined;
  /** Where it leads. */
  readonly link: string;
}

/** @returns origin and path of a URL: what follows may be a secret of the portal's */
const withoutQuery = (text: string) => text.replace(/[?#].*$/s, '');

function checkAccount({ settings }: Biller, { user, account: number }: LaunchRequest): LaunchCheck {
  const name = 'account';
  const account = user.accounts.find((candidate) => candidate.number === number);
  if (account === undefined) {
    const complaint = `must be the number of one of user.accounts, which has ${user.accounts.length}`;
    return { name, found: '', fault: { field: name, code: 'account_not_listed', given: number, complaint } };
  }
  try {
    claimsOf(settings, user.email, account, user.accounts);
  } catch (error) {
    if (!(error instanceof IdpError)) throw error;
    return {
      name,
      found: '',
      fault: { field: 'user', code: 'field_invalid', given: undefined, complaint: error.detail },
    };
  }
  return {
    name,
    found: `is one of the user’s; its role ${account.role} gives LoginType ${loginTypeFor(settings, account)}`,
  };
}

function checkDestination({ destination: given }: LaunchRequest): LaunchCheck {
  const name = 'destination';
  const destination = readDestination(String(given));
  if (destination !== undefined) return { name, found: `is DeepLinkID ${destination}` };
  const complaint = `must be ${DESTINATION_NAMES.join(', ')}, or a DeepLinkID from 1 to 999999999`;
  return { name, found: '', fault: { field: name, code: 'field_invalid', given, complaint } };
}

function checkUrl(
  name: 'returnUrl' | 'refreshUrl',
  { portalOrigins }: Biller,
  url: string | undefined,
  without: string,
): LaunchCheck {
  if (url === undefined) return { name, found: without };
  const fault = faultOfSecureUrl(url);
  const given = withoutQuery(url);
  if (fault !== undefined) {
    const complaint = `must be an https URL (http for localhost only): ${fault}`;
    return { name, found: '', fault: { field: name, code: 'field_invalid', given, complaint } };
  }
  if (portalOrigins.includes(new URL(url).origin)) return { name, found: 'has a registered origin' };
  const registered = portalOrigins.length === 0 ? 'none is registered' : portalOrigins.join(', ');
  const complaint = `must have an origin that is registered for the biller’s portal: ${registered}`;
  return { name, found: '', fault: { field: name, code: 'url_not_registered', given, complaint } };
}

/** @returns which pages may hold the iframe */
const framing = ({ portalOrigins }: Biller): string =>
  portalOrigins.length === 0
    ? 'no page may hold the iframe until the portal’s URL is registered'
    : `pages of ${portalOrigins.join(', ')} may hold the iframe`;

/**
 * Looks at a launch without doing anything.
 *
 * @returns every check, and the plan if none found a fault
 */
export function planLaunch(biller: Biller, request: LaunchRequest): { checks: LaunchCheck[]; plan?: LaunchPlan } {
  const { user, account, returnUrl, refreshUrl } = request;
  const viewMode = request.viewMode ?? biller.settings.viewMode;
  const checks: LaunchCheck[] = [
    checkAccount(biller, request),
    checkDestination(request),
    {
      name: 'viewMode',
      found:
        viewMode === 0
          ? '0: Invoice Cloud shows a whole page'
          : `1: Invoice Cloud shows a page for an iframe; ${framing(biller)}`,
    },
    checkUrl('returnUrl', biller, returnUrl, 'is missing: the way back is the first registered page of the portal'),
    checkUrl('refreshUrl', biller, refreshUrl, 'is missing: a ticket that is over leads to a page'),
  ];
  if (checks.some(({ fault }) => fault !== undefined)) return { checks };
  const destination = readDestination(String(request.destination)) ?? 0;
  const { redirectLinkBase: base } = biller.settings;
  const link = buildRedirectLink({ base, billerGuid: biller.billerGuid, account, viewMode, destination });
  checks.push({ name: 'link', found: `leads to ${link}` });
  return { checks, plan: { biller, user, account, destination, viewMode, returnUrl, refreshUrl, link } };
}

/** @returns the first fault that the checks found */
export const firstFault = (checks: readonly LaunchCheck[]): LaunchFault | undefined =>
  checks.find(({ fault }) => fault !== undefined)?.fault;
