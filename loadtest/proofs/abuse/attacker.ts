// One attack in a process of its own: its CPU time must not slow the honest client that is measured.
// Arguments: the attack's name, and its victim as JSON. It ends on SIGTERM and sends its counts to its parent.
import { setMaxListeners } from 'node:events';
import { type AttackName, attacks, type Counts, type Victim } from './attacks.ts';

const [name, victim] = process.argv.slice(2) as [AttackName, string];
const counts: Counts = {};
const ending = new AbortController();
setMaxListeners(0, ending.signal); // one for each connection that an attack keeps open
process.on('SIGTERM', () => {
  ending.abort();
  process.send?.(counts, () => process.exit(0));
});
process.channel?.ref(); // it lives until it is ended, also while all its connections are refused
process.send?.('started');
await attacks[name].run({ victim: JSON.parse(victim) as Victim, counts, signal: ending.signal });
