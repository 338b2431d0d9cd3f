/** Binds a sealed private key to its row: in another row, it can't be unsealed. */
export const sealContext = (billerId: string, keyId: string) => `signing key ${keyId} of biller ${billerId}`;
export const requestContext = (billerId: string, id: string) => `key request ${id} of biller ${billerId}`;
/** Of the client secret at a biller's OpenID Connect provider. */
export const clientSecretContext = (billerId: string) => `OpenID client secret of biller ${billerId}`;
