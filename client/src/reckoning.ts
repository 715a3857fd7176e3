// The parts that only visitors who wait need. They are loaded once they are needed: most pages never do.
export { createLineReader, type LineReader } from './line.ts';
export { solve } from './solve.ts';
