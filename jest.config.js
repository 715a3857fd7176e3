/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  testMatch: ['**/*.test.ts', '!**/tests/drills/**'], // scripts/test.mjs replaces it for drills
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/data/'],
  testSequencer: './tests/support/longest-first.mjs',
  globalSetup: './tests/support/global-setup.ts',
  globalTeardown: './tests/support/global-teardown.ts',
  testTimeout: 300_000, // ends a test that hangs; a shared machine may take several times what it takes alone
  maxWorkers: 3, // on two cores: the stories spend much of their time waiting for processes to start
};
