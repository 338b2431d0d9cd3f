/** A browser at a provider: it keeps the provider's cookies and follows its redirects. */
export interface AtProvider {
  /**
   * Goes to the provider and on until it leads back.
   *
   * @param address at the provider
   * @param does what the person does when they are asked: types who they are, or cancels
   * @returns the address that the provider sends the browser back to
   */
  visit(address: string, does?: string | 'cancel'): Promise<URL>;
}

export function createAtProvider(): AtProvider {
  const cookies = new Map<string, string>();

  async function request(url: URL, init: RequestInit = {}): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }

  return {
    async visit(address, does) {
      const { origin } = new URL(address);
      let url = new URL(address);
      let response = await request(url);
      for (let step = 0; step < 20; step += 1) {
        const location = response.headers.get('location');
        if (location === null) {
          if (does === undefined || !url.pathname.startsWith('/interaction/')) {
            throw new Error(
              `the provider shows ${response.status} ${url.pathname}: ${(await response.text()).slice(0, 300)}`,
            );
          }
          const body = new URLSearchParams(does === 'cancel' ? { cancel: 'yes' } : { user: does });
          response = await request(url, { method: 'POST', body });
          continue;
        }
        url = new URL(location, url);
        if (url.origin !== origin) return url;
        response = await request(url);
      }
      throw new Error('the provider redirects in a circle');
    },
  };
}
