// Stands in for zod, which the library checks its own optional themes with and
// nothing else. Every schema accepts.
const schema: unknown = new Proxy(function () {}, {
  get: (_, name) => (name === 'safeParse' ? (data: unknown) => ({ success: true, data }) : name === 'parse' ? (data: unknown) => data : schema),
  apply: () => schema,
});

export const z = schema;
const { object, string, number, int, array, union, literal, record, boolean, any, optional } = schema as Record<string, unknown>;
export { object, string, number, int, array, union, literal, record, boolean, any, optional, schema as enum };
export default schema;
