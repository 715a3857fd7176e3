import { loginBody, session } from '../../../shared/contract/users.ts';
import { type OperationPaths, ok, operations } from './operations.ts';

const ofPublic = operations('Users', 'public');

export const userPaths: OperationPaths = {
  '/api/users/login': {
    post: ofPublic(
      'logIn',
      'Log in: a signed token that is valid for an hour',
      { body: loginBody },
      ok('The user and the token.', session),
      ['UNAUTHENTICATED', 'RATE_LIMITED', 'OVERLOADED'],
    ),
  },
};
