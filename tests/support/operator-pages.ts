import { afterEach, expect } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { openWatched } from './browser.ts';
import { send } from './client.ts';

export const ADMIN_TOKEN = 'an-admin-token-of-at-least-32-characters';
export const asOperator = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** A browser logs each answer that refuses a key. */
const REFUSED_KEY = /status of 40[13] /;

/** Opens the operator's pages of a system, each in a browser context of its own that ends with the test. */
export function useOperatorPages(browser: () => Browser, url: () => string, expected = REFUSED_KEY) {
  const complaints: string[] = [];
  let contexts: BrowserContext[] = [];
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
    expect(complaints.splice(0)).toEqual([]);
  });

  /** Opens `/admin` at a hash. */
  async function openDoor(hash = '', options: BrowserContextOptions = {}): Promise<Page> {
    const { context, page } = await openWatched(browser(), complaints, options, expected);
    contexts.push(context);
    await page.goto(`${url()}/admin${hash}`);
    return page;
  }

  return {
    complaints,
    openDoor,
    enter,
    /** Opens `/admin` at a hash (`#/overview`) and logs in with the admin token, or with a key. */
    async open(hash = '', options: BrowserContextOptions = {}, key = ADMIN_TOKEN): Promise<Page> {
      const page = await openDoor(hash, options);
      await enter(page, key);
      return page;
    },
  };
}

async function enter(page: Page, key: string): Promise<void> {
  await page.getByLabel('Admin token').fill(key);
  await page.keyboard.press('Enter');
}

/** Makes a key with these scopes. */
export async function makeKey(url: string, ...scopes: string[]): Promise<string> {
  const { body } = await send(url, 'POST', '/admin/keys', { name: scopes.join(' and '), scopes }, asOperator);
  return String(body.key);
}
