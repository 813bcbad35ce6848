import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync, constants } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Replaces every file that compresses with its gzip form, so that the program
 * carries and sends the small one. index.html stays plain: the server writes
 * the base path into it.
 */
function gzipped(): Plugin {
  return {
    name: 'hearth-gzip',
    apply: 'build',
    writeBundle({ dir = 'dist' }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (/\.(js|css|svg|json)$/.test(name)) {
          const path = join(dir, name);
          writeFileSync(path + '.gz', gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }));
          rmSync(path);
        }
      }
    },
  };
}

/** Says in the build which sources it is of; app_test.go compares. */
function sources(): Plugin {
  const roots = ['src', 'public', 'index.html', 'vite.config.ts', 'tsconfig.json', 'package.json', 'package-lock.json'];
  const filesOf = (path: string): string[] =>
    statSync(here(path)).isDirectory() ? readdirSync(here(path)).flatMap((n) => filesOf(`${path}/${n}`)) : path.endsWith('.test.ts') ? [] : [path];
  return {
    name: 'hearth-sources',
    apply: 'build',
    writeBundle({ dir = 'dist' }) {
      const all = createHash('sha256');
      for (const name of roots.flatMap(filesOf).sort((a, b) => (Buffer.compare(Buffer.from(a), Buffer.from(b))))) {
        all.update(`${createHash('sha256').update(readFileSync(here(name))).digest('hex')}  ${name}\n`);
      }
      writeFileSync(join(dir, 'sources.sha256'), all.digest('hex') + '\n');
    },
  };
}

/**
 * What the libraries do not do as it must be here. They compile two loops for speed, which
 * the Content-Security-Policy does not let run; some names are not those that stand there
 * for who sees them, and a colour is too faint. A build fails if a library has changed there.
 */
function mended(): Plugin {
  const places: Array<{ file: string; from: RegExp; to: string | ((found: string) => string) }> = [
    { file: 'grid/SceneGridRow.js', from: /role: "heading" \}/, to: 'role: "heading", "aria-level": 2 }' },
    { file: 'RefreshPicker/RefreshPicker.mjs', from: /"aria-label": ariaLabel,/, to: '"aria-label": [selectedValue.label, ariaLabel].filter(Boolean).join(", "),' },
    { file: 'DateTimePickers/TimeRangePicker.mjs', from: /color: theme\.v1\.palette\.orange,\s+fontSize: theme\.typography\.size\.sm,\s+paddingLeft/, to: 'color: theme.colors.text.secondary,\n      fontSize: theme.typography.size.sm,\n      paddingLeft' },
    {
      file: 'adhoc/AdHocFilterRenderer.js',
      from: /virtualized: true,|key: `\$\{isValuesLoading \?|className: cx\(styles\.operator,/g,
      to: (found) => `"aria-label": ${found.startsWith('v') ? '"Value of the filter " + filter.key' : found.startsWith('k') ? '"Label of the filter"' : '"Operator of the filter " + filter.key'}, ${found}`,
    },
    {
      file: 'Table/TableNG/utils.mjs',
      from: /const fnBody = `[\s\S]*?return convert\(frame, nestedFramesFieldName\);/,
      to: `const names = frame.fields.map((field) => getDisplayName(field));
  const rows = [];
  for (let i = 0; i < frame.length; i++) {
    const row = { __depth: 0, __index: i };
    frame.fields.forEach((field, at) => { row[names[at]] = field.values[i]; });
    rows.push(row);
    const child = hasNestedFrames ? row[nestedFramesFieldName] : undefined;
    if (child) { rows.push({ __depth: 1, __index: i, data: child[0] }); }
  }
  return rows;`,
    },
    {
      file: 'transformers/joinDataFrames.mjs',
      from: /let outFieldsTpl = [\s\S]*?let joined = materialize\(matched, unmatchedLeft, unmatchedRight, ltable, rtable\);/,
      to: `let joined = Array.from({ length: ltable.length + rtable.length - 1 }, () => Array(count));
    let rowIdx = 0;
    const put = (lidx, ridx) => {
      ltable.forEach((c, i) => { joined[i][rowIdx] = lidx !== null ? c[lidx] : i === 0 ? rtable[0][ridx] : null; });
      rtable.slice(1).forEach((c, i) => { joined[ltable.length + i][rowIdx] = ridx !== null ? c[ridx] : null; });
      rowIdx++;
    };
    matched.forEach(([lidx, ridxs]) => ridxs.forEach((ridx) => put(lidx, ridx)));
    unmatchedLeft.forEach((lidx) => put(lidx, null));
    unmatchedRight.forEach((ridx) => put(null, ridx));`,
    },
  ];
  const changed = new Set<string>();
  return {
    name: 'hearth-mended',
    apply: 'build',
    transform(code, id) {
      const place = places.find((p) => id.includes(p.file));
      if (place && place.from.test(code)) {
        changed.add(place.file);
        const { to } = place;
        return { code: code.replace(place.from, typeof to === 'string' ? () => to : to), map: null };
      }
      return undefined;
    },
    buildEnd(error) {
      for (const p of places) {
        if (!error && !changed.has(p.file)) {
          this.error(`what is mended in ${p.file} is not where it was`);
        }
      }
    },
  };
}

/** The library's fonts are not in its package: ours stand in. */
function fonts(): Plugin {
  return {
    name: 'hearth-fonts',
    enforce: 'pre',
    resolveId: (source, importer) =>
      source === './fonts.mjs' && importer?.includes('GlobalStyles') ? here('src/vendor/fonts.ts') : undefined,
  };
}

/** What the libraries bring along and nothing here shows or needs at run time. */
function leaner(): Plugin {
  const selectors = '\0hearth-selectors';
  const lodash = '\0hearth-lodash';
  return {
    name: 'hearth-leaner',
    apply: 'build',
    enforce: 'pre',
    resolveId(source, importer) {
      if (source === '@grafana/e2e-selectors') {
        return selectors;
      }
      // One module a function, so that only those in use are built in.
      return source === 'lodash' && importer && /\/@grafana\/|\/web\/src\//.test(importer) ? { id: lodash, moduleSideEffects: false } : undefined;
    },
    async load(id) {
      if (/EmptyState\/.*\.svg\.mjs$/.test(id)) {
        return 'export default "";'; // drawings of the library's mascot
      }
      if (id === lodash) {
        const names = readdirSync(here('node_modules/lodash')).filter((n) => /^[a-z]\w*\.js$/.test(n) && !/^(lodash|core|fp|index)/.test(n));
        return names.map((n) => `export { default as ${n.slice(0, -3)} } from 'lodash/${n}';`).join('\n');
      }
      if (id === selectors) {
        // Which name a test finds an element by is known when this is built.
        const { Pages, Components } = await import('@grafana/e2e-selectors');
        return `export const Pages = ${literal(Pages)};\nexport const Components = ${literal(Components)};\nexport const selectors = { pages: Pages, components: Components };`;
      }
      return undefined;
    },
  };
}

/** A value as the text of a program that makes it; functions as they are written. */
function literal(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' ? `(${String(value)})` : JSON.stringify(value);
  }
  return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${literal(v)}`).join(', ')}}`;
}

const api = process.env.HEARTH_URL ?? 'http://127.0.0.1:4750';

export default defineConfig({
  base: './',
  plugins: [fonts(), leaner(), mended(), react(), gzipped(), sources()],
  define: { 'process.env.NODE_ENV': JSON.stringify(process.env.NODE_ENV ?? 'production') },
  resolve: {
    alias: {
      // Packages that would bring an editor of 2.8 MB which nothing here shows.
      'monaco-editor': here('src/vendor/empty.ts'),
      '@monaco-editor/react': here('src/vendor/monaco.tsx'),
      'react-monaco-editor': here('src/vendor/monaco.tsx'),
      // Icons come from the program, not from one request each.
      'react-inlinesvg': here('src/vendor/inlinesvg.tsx'),
      zod: here('src/vendor/zod.ts'),
      'react-dom/server': here('src/vendor/markup.ts'),
      'ol/format/WKT': here('src/vendor/openlayers.ts'),
      'ol/geom/Geometry': here('src/vendor/openlayers.ts'),
      'ol/geom': here('src/vendor/openlayers.ts'),
      'react-router-dom-v5-compat': 'react-router-dom',
      'moment-timezone': 'moment-timezone/builds/moment-timezone-with-data-10-year-range.js',
    },
    dedupe: ['react', 'react-dom', '@emotion/css', '@emotion/react', 'uplot', 'rxjs', 'moment'],
  },
  build: {
    target: 'es2022',
    sourcemap: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    modulePreload: { polyfill: false },
    rollupOptions: {
      shimMissingExports: true,
      output: {
        // A request has its price: what is small goes along with what is asked for with it.
        experimentalMinChunkSize: 8_000,
        // What loads the others waits for none of them. The modules of data import each
        // other in circles: apart they would be evaluated in the wrong order.
        manualChunks: (id) => (id.includes('vite/preload-helper') ? 'load' : id.includes('node_modules/@grafana/data/') ? 'data' : undefined),
      },
    },
  },
  server: { port: 4760, proxy: { '/grafana': api, '/workspaces': api } },
  // The libraries' modules import CommonJS by names, which Node cannot; Vite can.
  test: { environment: 'node', include: ['src/**/*.test.ts'], server: { deps: { inline: [/@grafana/] } } },
} as import('vite').UserConfig);
