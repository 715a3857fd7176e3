import { expect, test } from '@jest/globals';
import { readConfig } from '../shared/config.ts';
import { embeddedSettings } from './embedded-settings.ts';

const settingsFor = (environment: NodeJS.ProcessEnv = {}) => embeddedSettings(readConfig(environment));

test('on embedded servers anyone sells in production too, unless SELL_BY is set', () => {
  expect(settingsFor({ NODE_ENV: 'production' }).SELL_BY).toBe('anyone');
  expect(settingsFor({ SELL_BY: 'server' }).SELL_BY).toBe('server');
});

test('on embedded servers clients are not limited where only this machine reaches them', () => {
  expect(settingsFor().RATE_LIMIT).toBe('off');
  expect(settingsFor({ HOST: '0.0.0.0' }).RATE_LIMIT).toBe('auto');
  expect(settingsFor({ TRUST_PROXY: '1' }).RATE_LIMIT).toBe('auto');
  expect(settingsFor({ RATE_LIMIT: 'on' }).RATE_LIMIT).toBe('on');
});

test('on embedded servers an API stops at once and clears without a confirmation, unless it is set', () => {
  expect(settingsFor()).toMatchObject({ DRAIN_SECONDS: 0, CONFIRM_CLEAR: false });
  expect(settingsFor({ DRAIN_SECONDS: '3', CONFIRM_CLEAR: 'true' })).toMatchObject({
    DRAIN_SECONDS: 3,
    CONFIRM_CLEAR: true,
  });
});

test('resets need no token from this machine where the user has set none', () => {
  expect(settingsFor().RESET_FROM_LOOPBACK).toBe(true);
  const ADMIN_TOKEN = 'an-admin-token-of-at-least-32-characters';
  expect(settingsFor({ ADMIN_TOKEN }).RESET_FROM_LOOPBACK).toBe(false);
  expect(settingsFor({ ADMIN_TOKEN, RESET_FROM_LOOPBACK: 'true' }).RESET_FROM_LOOPBACK).toBe(true);
});

test('on embedded servers webhooks reach a shop on this machine', () => {
  expect(settingsFor().WEBHOOKS_TO_PRIVATE_ADDRESSES).toBe(true);
  expect(readConfig({}).WEBHOOKS_TO_PRIVATE_ADDRESSES).toBe(false);
});
