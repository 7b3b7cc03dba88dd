/** aedes-persistence-level 9.2 ships no types. */
declare module 'aedes-persistence-level' {
  const levelPersistence: (db: unknown) => unknown;
  // biome-ignore lint/style/noDefaultExport: the shape of a CommonJS module that is not ours
  export default levelPersistence;
}
