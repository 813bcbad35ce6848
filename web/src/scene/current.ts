let uid = '';

/** The dashboard on show, for annotations that belong to it; empty if none is. */
export function currentDashboard(): string {
  return uid;
}

export function setCurrentDashboard(of: string): void {
  uid = of;
}
