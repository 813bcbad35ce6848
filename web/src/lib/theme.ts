export type ThemeName = 'dark' | 'light';

const key = 'hearth.theme';

/** The theme to show: as chosen here before, as the address says, else as the system prefers. */
export function preferredTheme(): ThemeName {
  const asked = new URLSearchParams(window.location.search).get('theme');
  if (asked === 'dark' || asked === 'light') {
    return asked;
  }
  const kept = window.localStorage.getItem(key);
  if (kept === 'dark' || kept === 'light') {
    return kept;
  }
  return window.matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

export function keepTheme(name: ThemeName): void {
  window.localStorage.setItem(key, name);
}
