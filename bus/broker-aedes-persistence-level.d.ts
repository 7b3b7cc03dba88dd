/** aedes-persistence-level 9.2 ships no types. */
declare module 'aedes-persistence-level' {
  const levelPersistence: (db: unknown) => unknown;
  export default levelPersistence;
}
