// Solves one challenge beside the page, which stays alive meanwhile. Takes { challenge, bits }; sends { progress } and
// in the end { solution }.
import { solve } from './solve.ts';

addEventListener('message', ({ data }: MessageEvent<{ challenge: string; bits: number }>) => {
  const solution = solve(data.challenge, data.bits, (progress) => postMessage({ progress }));
  postMessage({ solution });
});
