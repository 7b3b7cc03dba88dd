/** Somebody else writes this actor's topics: the one error after which run-actor does not start it again. */
export class DuplicateWriterError extends Error {
  override readonly name = 'DuplicateWriterError';
}
