import { createContext, useContext } from 'react';
import type { Role, User } from '../api/grafana';

export interface Session {
  user: User;
  org: string;
}

export const SessionContext = createContext<Session | undefined>(undefined);

const rank: Record<Role, number> = { Viewer: 1, Editor: 2, Admin: 3 };

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) {
    throw new Error('a page outside of a session');
  }
  return session;
}

/** Whether who is signed in has the role or a higher one. */
export function useMay(role: Role): boolean {
  return mayAs(useSession().user.orgRole, role);
}

export function mayAs(has: Role | undefined, needs: Role): boolean {
  return (rank[has as Role] ?? 0) >= rank[needs];
}
