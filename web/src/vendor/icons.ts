/** All icons of the library, by path. */
export const sources = import.meta.glob<string>('../../node_modules/@grafana/ui/dist/public/img/icons/*/*.svg', {
  query: '?raw',
  import: 'default',
  eager: true,
});
