import { createContext, useContext } from 'react';
import type { ThemeName } from '../lib/theme';

export const ThemeSwitch = createContext<{ name: ThemeName; choose: (n: ThemeName) => void }>({ name: 'dark', choose: () => {} });

export const useThemeSwitch = () => useContext(ThemeSwitch);
