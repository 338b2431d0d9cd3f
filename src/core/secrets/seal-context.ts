/** Binds a sealed private key to its row: moved to another row, it does not open. */
export const sealContext = (billerId: string, keyId: string) => `signing key ${keyId} of biller ${billerId}`;
export const requestContext = (billerId: string, id: string) => `key request ${id} of biller ${billerId}`;
