import { expect, test } from '@jest/globals';
import { document } from '../support/openapi.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

type Layer = {
  route?: { path: string; stack: { method?: string }[] };
  handle: { stack?: Layer[] };
  match(path: string): boolean;
};

/** Routes that serve pages and their parts. */
const PAGES = /^GET ($|\/((docs|events|embed)\/|embed\.js$|bookings|admin$))/;

/**
 * Every route of an Express app as `METHOD /path/{name}`. A router does not know where it is mounted: try its
 * prefix.
 */
function routesOf(layers: Layer[], prefixes: string[], prefix = ''): string[] {
  return layers.flatMap(({ route, handle, match }, i) => {
    if (route !== undefined) {
      const path = `${prefix}${route.path === '/' ? '' : route.path}`.replaceAll(/:(\w+)/g, '{$1}');
      const methods = route.stack.flatMap(({ method }) => (method === undefined ? [] : [method.toUpperCase()]));
      return methods.map((method) => `${method} ${path}`);
    }
    if (handle.stack === undefined) return [];
    const mounted = prefixes.find((one) => !match.call(layers[i], '/nowhere') && match.call(layers[i], `${one}/x`));
    return routesOf(handle.stack, [], mounted ?? '');
  });
}

test('the OpenAPI document has every route and no other', () => {
  const documented = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
    Object.keys(operations ?? {}).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const prefixes = [...new Set(documented.map((route) => /^\w+ (\/api\/[\w-]+|\/admin)/.exec(route)?.[1]))];
  const { router } = system().app as unknown as { router: { stack: Layer[] } };
  const routes = routesOf(
    router.stack,
    prefixes.filter((prefix) => prefix !== undefined),
  );
  const ours = routes.filter((route) => !PAGES.test(route));
  expect([...new Set(ours)].sort()).toEqual(documented.sort());
});

test('each operation has an id of its own, in camelCase', () => {
  const operations = Object.values(document.paths ?? {}).flatMap((methods) => Object.values(methods ?? {}));
  const ids = operations.map(({ operationId }: { operationId?: string }) => operationId);
  for (const id of ids) expect(id).toMatch(/^[a-z]+[A-Z][a-zA-Z]*$/);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the document and its page are served, and the page loads nothing from other hosts', async () => {
  const served = await (await fetch(`${system().url}/openapi.json`)).json();
  expect(served).toMatchObject({ openapi: '3.1.0', info: { title: 'Frontrow' } });
  const page = await fetch(`${system().url}/docs`);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  const html = await page.text();
  const parts = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(parts).toHaveLength(7);
  for (const path of parts) expect((await fetch(`${system().url}${path}`)).status).toBe(200);
});
