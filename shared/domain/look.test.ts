import { expect, test } from '@jest/globals';
import { logoProblem } from './look.ts';

const SITES = ['https://shop.example', 'http://localhost:8080'];
const look = { title: 'Shop', logo: 'https://shop.example/logo.svg' };

test('a logo lies on a site of the room, whichever of both was set before', () => {
  const changes = [
    logoProblem({ look: null, sites: [] }, { look, sites: SITES }),
    logoProblem({ look: null, sites: SITES }, { look }),
    logoProblem({ look, sites: SITES }, { sites: ['https://shop.example'] }),
    logoProblem({ look, sites: SITES }, { look: null, sites: [] }),
    logoProblem({ look: null, sites: [] }, { look: { title: 'Shop' } }),
  ];
  expect(changes.filter((problem) => problem !== undefined)).toEqual([]);
});

test('any other logo is refused, and so is removing the site of a logo', () => {
  for (const logo of ['https://shop.example:444/logo.svg', 'http://shop.example/l', 'https://shop.example.evil/l'])
    expect(logoProblem({ look: null, sites: SITES }, { look: { title: 'Shop', logo } })).toBe(
      `look.logo: lies on ${new URL(logo).origin}, which would not be one of the room's sites`,
    );
  expect(logoProblem({ look, sites: SITES }, { sites: [] })).toMatch(/^sites: the logo of the page lies on/);
});
