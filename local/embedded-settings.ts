import type { Config } from '../shared/config.ts';
import { isLoopbackName } from '../shared/platform/loopback.ts';

/**
 * The settings that `npm start` passes to its parts where it runs PostgreSQL and Redis too, so one person tries
 * Frontrow on one machine. A value that the user has set stays.
 */
export function embeddedSettings(config: Config) {
  const isAlone = isLoopbackName(config.HOST) && config.TRUST_PROXY === undefined; // only this machine reaches it
  return {
    SELL_BY: config.SELL_BY ?? 'anyone',
    RATE_LIMIT: config.RATE_LIMIT === 'auto' && isAlone ? 'off' : config.RATE_LIMIT,
    DRAIN_SECONDS: config.DRAIN_SECONDS ?? 0, // no load balancer has to notice the stop: a drain only delays Ctrl-C
    CONFIRM_CLEAR: config.CONFIRM_CLEAR ?? false, // clients of the compat routes send no body
    RESET_FROM_LOOPBACK: config.RESET_FROM_LOOPBACK || config.ADMIN_TOKEN === undefined,
    WEBHOOKS_TO_PRIVATE_ADDRESSES: true, // the shop's server runs on this machine too
    DEMO_HERD: true,
  };
}
