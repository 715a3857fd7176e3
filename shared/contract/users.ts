import { z } from 'zod';
import { userId } from './ids.ts';
import { text } from './text.ts';

/** Body of `POST /api/users/login`. */
export const loginBody = z
  .strictObject({ email: text(320), password: z.string().min(1).max(1_000) })
  .meta({ id: 'LoginRequest' });

/** The logged-in user, and the signed token to send as `Authorization: Bearer <token>`. */
export const session = z
  .object({ id: userId, email: z.string(), name: z.string(), token: z.string() })
  .meta({ id: 'Session' });
