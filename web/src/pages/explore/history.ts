const key = 'hearth.explore.history';
const most = 50;

/** The queries run in this browser, newest first. */
export function keptQueries(): string[] {
  try {
    const kept: unknown = JSON.parse(window.localStorage.getItem(key) ?? '[]');
    return Array.isArray(kept) ? kept.filter((q): q is string => typeof q === 'string') : [];
  } catch {
    return [];
  }
}

export function keepQuery(query: string): void {
  if (query.trim()) {
    window.localStorage.setItem(key, JSON.stringify([query, ...keptQueries().filter((q) => q !== query)].slice(0, most)));
  }
}
