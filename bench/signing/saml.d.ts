/** As much of Auth0's package `saml` as the bench calls; it brings no types. */
declare module 'saml' {
  interface Saml20Options {
    readonly cert: string;
    readonly key: string;
    readonly issuer: string;
    readonly lifetimeInSeconds: number;
    readonly audiences: string;
    readonly recipient: string;
    readonly inResponseTo: string | undefined;
    readonly attributes: Readonly<Record<string, string>>;
    readonly typedAttributes: boolean;
    readonly sessionIndex: string;
    readonly nameIdentifier: string;
    readonly nameIdentifierFormat: string;
    readonly authnContextClassRef: string;
  }
  /** @returns the signed assertion as XML */
  export const Saml20: { create(options: Saml20Options): string };
}
