/* Colours of heatmaps. */
import { colorManipulator, type GrafanaTheme2 } from '@grafana/data';

/** A few colours each scheme passes through, from few to many. */
export const schemes: Record<string, string[]> = {
  Oranges: ['#fff5eb', '#fdd0a2', '#fd8d3c', '#d94801', '#7f2704'],
  Reds: ['#fff5f0', '#fcbba1', '#fb6a4a', '#cb181d', '#67000d'],
  Greens: ['#f7fcf5', '#c7e9c0', '#74c476', '#238b45', '#00441b'],
  Blues: ['#f7fbff', '#c6dbef', '#6baed6', '#2171b5', '#08306b'],
  Purples: ['#fcfbfd', '#dadaeb', '#9e9ac8', '#6a51a3', '#3f007d'],
  Greys: ['#ffffff', '#d9d9d9', '#969696', '#525252', '#000000'],
  BuGn: ['#f7fcfd', '#ccece6', '#66c2a4', '#238b45', '#00441b'],
  BuPu: ['#f7fcfd', '#bfd3e6', '#8c96c6', '#88419d', '#4d004b'],
  GnBu: ['#f7fcf0', '#ccebc5', '#7bccc4', '#2b8cbe', '#084081'],
  OrRd: ['#fff7ec', '#fdd49e', '#fc8d59', '#d7301f', '#7f0000'],
  PuBu: ['#fff7fb', '#d0d1e6', '#74a9cf', '#0570b0', '#023858'],
  PuBuGn: ['#fff7fb', '#d0d1e6', '#67a9cf', '#02818a', '#014636'],
  PuRd: ['#f7f4f9', '#d4b9da', '#df65b0', '#ce1256', '#67001f'],
  RdPu: ['#fff7f3', '#fcc5c0', '#f768a1', '#ae017e', '#49006a'],
  YlGn: ['#ffffe5', '#d9f0a3', '#78c679', '#238443', '#004529'],
  YlGnBu: ['#ffffd9', '#c7e9b4', '#41b6c4', '#225ea8', '#081d58'],
  YlOrBr: ['#ffffe5', '#fee391', '#fe9929', '#cc4c02', '#662506'],
  YlOrRd: ['#ffffcc', '#fed976', '#fd8d3c', '#e31a1c', '#800026'],
  Spectral: ['#9e0142', '#f46d43', '#ffffbf', '#66c2a5', '#5e4fa2'],
  RdYlGn: ['#a50026', '#f46d43', '#ffffbf', '#66bd63', '#006837'],
  RdYlBu: ['#a50026', '#f46d43', '#ffffbf', '#74add1', '#313695'],
  RdBu: ['#67001f', '#f4a582', '#f7f7f7', '#92c5de', '#053061'],
  Turbo: ['#23171b', '#26bce1', '#95fb51', '#ff821d', '#900c00'],
  Cividis: ['#002051', '#3c4d6e', '#7f7c75', '#bbaf71', '#fdea45'],
  Viridis: ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'],
  Magma: ['#000004', '#51127c', '#b73779', '#fc8961', '#fcfdbf'],
  Inferno: ['#000004', '#57106e', '#bc3754', '#f98e09', '#fcffa4'],
  Plasma: ['#0d0887', '#7e03a8', '#cc4778', '#f89540', '#f0f921'],
  Warm: ['#6e40aa', '#df40a1', '#ff7847', '#e2b72f', '#aff05b'],
  Cool: ['#6e40aa', '#4c6edb', '#23abd8', '#1ddfa3', '#aff05b'],
  Cubehelix: ['#000000', '#1a4b4b', '#6e7a33', '#d18cbf', '#ffffff'],
};

/** Schemes that go from dark to light by themselves. */
const darkFirst = new Set(['Turbo', 'Cividis', 'Viridis', 'Magma', 'Inferno', 'Plasma', 'Warm', 'Cool', 'Cubehelix', 'Spectral', 'RdYlGn', 'RdYlBu', 'RdBu']);

interface Choice {
  mode?: string;
  scheme?: string;
  fill?: string;
  steps?: number;
  reverse?: boolean;
}

/** As many colours as the panel has steps, from few to many; few is near the background. */
export function paletteOf(c: Choice, theme: GrafanaTheme2): string[] {
  const steps = Math.min(Math.max(c.steps ?? 64, 2), 128);
  if (c.mode === 'opacity') {
    const fill = theme.visualization.getColorByName(c.fill ?? 'dark-orange');
    return Array.from({ length: steps }, (_, i) => colorManipulator.alpha(fill, Math.max((i + 1) / steps, 0.04)));
  }
  const name = schemes[c.scheme ?? ''] ? (c.scheme as string) : 'Oranges';
  const stops = schemes[name];
  const flip = theme.isDark && !darkFirst.has(name);
  const ordered = flip !== Boolean(c.reverse) ? [...stops].reverse() : stops;
  return Array.from({ length: steps }, (_, i) => between(ordered, i / (steps - 1)));
}

function channels(hex: string): number[] {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function between(stops: string[], share: number): string {
  const at = share * (stops.length - 1);
  const i = Math.min(Math.floor(at), stops.length - 2);
  const [a, b] = [channels(stops[i]), channels(stops[i + 1])];
  const mixed = a.map((v, c) => Math.round(v + (b[c] - v) * (at - i)));
  return `rgb(${mixed.join(',')})`;
}
