const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** The first letter that no query has yet. */
export function freeLetter(taken: Array<{ refId: string }>): string {
  const free = (l: string) => !taken.some((t) => t.refId === l);
  for (let round = 0; ; round++) {
    const found = letters.map((l) => (round ? l + round : l)).find(free);
    if (found) {
      return found;
    }
  }
}
