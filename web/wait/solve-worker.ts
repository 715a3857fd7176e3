// Solves one challenge in a worker, so that the page stays responsive. Receives { challenge, bits }; sends { progress
// }, and at last { solution }.
import { solve } from './solve.ts';

addEventListener('message', ({ data }: MessageEvent<{ challenge: string; bits: number }>) => {
  const solution = solve(data.challenge, data.bits, (progress) => postMessage({ progress }));
  postMessage({ solution });
});
