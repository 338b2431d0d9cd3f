import { genericGrantRequest, ResponseBodyError } from 'openid-client';
import { type Biller, openidUrls } from '../../core/billers/biller.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { providerError } from './failures.ts';
import type { Provider, Providers } from './provider.ts';
import { ALGORITHMS } from './signatures.ts';

/** What keeps people from signing in at a provider (`error`), or may (`warning`). */
export interface ProviderProblem {
  readonly level: 'error' | 'warning';
  /** A sentence without its full stop. */
  readonly problem: string;
  /** Where it is put right. */
  readonly where: 'provider' | 'network' | 'client secret' | 'client authentication' | 'settings';
}

const list = (values: readonly string[]) => values.join(', ');

/** Compares what the discovery document says with what we use. A provider that does not say leaves it open. */
function unsupported({ settings }: Biller, provider: Provider): ProviderProblem[] {
  const metadata = provider.configuration.serverMetadata();
  const problems: ProviderProblem[] = [];
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  if (!methods.includes(settings.oidcClientAuth)) {
    const problem = `the provider does not take the client authentication ${settings.oidcClientAuth}; it takes ${list(methods)}`;
    problems.push({ level: 'error', problem, where: 'client authentication' });
  }
  const algorithms = metadata.id_token_signing_alg_values_supported;
  if (algorithms !== undefined && !algorithms.some((one) => ALGORITHMS.includes(one))) {
    const problem = `the provider signs ID tokens with ${list(algorithms)}; accepted are ${list(ALGORITHMS)}`;
    problems.push({ level: 'error', problem, where: 'provider' });
  }
  const scopes = settings.oidcScopes.split(' ').filter((one) => metadata.scopes_supported?.includes(one) === false);
  if (scopes.length > 0) {
    problems.push({
      level: 'warning',
      problem: `the provider does not list the scope ${list(scopes)}`,
      where: 'settings',
    });
  }
  const acrs = Object.keys(settings.oidcAcr).filter((one) => metadata.acr_values_supported?.includes(one) === false);
  if (acrs.length > 0) {
    problems.push({ level: 'warning', problem: `the provider does not list the acr ${list(acrs)}`, where: 'settings' });
  }
  return problems;
}

/** Redeems a code that nobody has: a provider that knows us refuses the code, and one that does not refuses us. */
async function knowsUs(biller: Biller, { configuration }: Provider, publicUrl: string): Promise<ProviderProblem[]> {
  const { callback } = openidUrls(publicUrl, biller.slug);
  const parameters = { code: 'doctor', redirect_uri: callback, code_verifier: 'd'.repeat(43) };
  try {
    await genericGrantRequest(configuration, 'authorization_code', parameters);
  } catch (error) {
    if (error instanceof ResponseBodyError && ['invalid_grant', 'invalid_request'].includes(error.error)) return [];
    const { code, detail } = providerError(error, 'the token endpoint');
    if (code === 'provider_unavailable') return [{ level: 'error', problem: detail, where: 'network' }];
    return [{ level: 'error', problem: detail, where: 'client secret' }];
  }
  return [];
}

async function examineKeys({ tokens }: Provider): Promise<ProviderProblem[]> {
  try {
    await tokens.reload();
    return [];
  } catch (error) {
    if (!(error instanceof IdpError)) throw error;
    return [{ level: 'error', problem: error.detail, where: 'provider' }];
  }
}

/** @returns what keeps portal users of a biller from signing in at its provider; nothing if all is well */
export async function examineProvider(
  providers: Providers,
  biller: Biller,
  publicUrl: string,
): Promise<ProviderProblem[]> {
  let provider: Provider;
  try {
    provider = await providers.of(biller);
  } catch (error) {
    if (!(error instanceof IdpError)) throw error;
    const where = error.code === 'provider_unavailable' ? 'network' : 'settings';
    return [{ level: 'error', problem: error.detail, where }];
  }
  return [
    ...unsupported(biller, provider),
    ...(await examineKeys(provider)),
    ...(await knowsUs(biller, provider, publicUrl)),
  ];
}
