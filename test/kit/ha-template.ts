/**
 * The part of Home Assistant's templates (Jinja) that our announcements use, evaluated, so that a test sees what would be sent and not
 * only what is written. What it does not know it refuses: a template that uses more needs more here.
 */
type Value = unknown;
export type Scope = Readonly<Record<string, Value>>;
type Eval = (scope: Scope) => Value;
type Named = Readonly<Record<string, Value>>;
type Filter = (value: Value, args: readonly Value[], named: Named) => Value;

const token = /\s*(?:('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\*\*|==|!=|<=|>=|[-+~|.,:()[\]{}<>=]))/y;
const words: Readonly<Record<string, Value>> = { none: null, None: null, true: true, false: false };

const fieldOf = (value: Value, name: string): Value => {
  if (value === undefined || value === null) throw new Error(`nothing has no ${name}`);
  const found = (value as Named)[name];
  return typeof found === 'function' ? found.bind(value) : found;
};
const pathOf = (value: Value, path: string): Value =>
  path.split('.').reduce<Value>((each, name) => (each === undefined ? undefined : (each as Named)[name]), value);
const isTrue = (value: Value): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== undefined && value !== '' && Boolean(value);
const listOf = (value: Value): readonly Value[] => {
  if (!Array.isArray(value)) throw new Error('not a list');
  return value as readonly Value[];
};
const textOf = (value: Value): string =>
  value === undefined
    ? ''
    : value === null
      ? 'None'
      : value === true
        ? 'True'
        : value === false
          ? 'False'
          : typeof value === 'string'
            ? value
            : JSON.stringify(value);

const filters: Readonly<Record<string, Filter>> = {
  default: (value, [other = '']) => (value === undefined ? other : value),
  list: (value) => listOf(value),
  first: (value) => listOf(value)[0],
  length: (value) => listOf(value).length,
  to_json: (value) => JSON.stringify(value),
  map: (value, _, { attribute }) => listOf(value).map((each) => pathOf(each, String(attribute))),
  selectattr: (value, [path, test, other]) => {
    if (test !== 'eq') throw new Error(`selectattr by ${String(test)} is not known here`);
    return listOf(value).filter((each) => pathOf(each, String(path)) === other);
  },
};
const dict = (first: Named = {}, named: Named = {}): Named => ({ ...first, ...named });

class Parser {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(text: string) {
    const tokens: string[] = [];
    const source = text.trim();
    token.lastIndex = 0;
    for (let from = 0; from < source.length; from = token.lastIndex) {
      const found = token.exec(source);
      if (found === null) throw new Error(`cannot read ${source.slice(from)}`);
      tokens.push(found[0].trim());
    }
    this.tokens = tokens;
  }

  whole(): Eval {
    const value = this.expression();
    if (this.at < this.tokens.length) throw new Error(`left over: ${this.tokens.slice(this.at).join(' ')}`);
    return value;
  }

  private take(...wanted: readonly string[]): string | null {
    const next = this.tokens[this.at];
    if (next === undefined || !wanted.includes(next)) return null;
    this.at += 1;
    return next;
  }
  private need(wanted: string): void {
    if (this.take(wanted) === null) throw new Error(`expected ${wanted}, found ${String(this.tokens[this.at])}`);
  }
  private next(): string {
    const found = this.tokens[this.at];
    if (found === undefined) throw new Error('ends too early');
    this.at += 1;
    return found;
  }

  private expression(): Eval {
    const value = this.or();
    if (this.take('if') === null) return value;
    const condition = this.or();
    const other = this.take('else') === null ? () => undefined : this.expression();
    return (scope) => (isTrue(condition(scope)) ? value(scope) : other(scope));
  }
  private or(): Eval {
    let left = this.and();
    while (this.take('or') !== null) left = either(left, this.and());
    return left;
  }
  private and(): Eval {
    let left = this.not();
    while (this.take('and') !== null) left = both(left, this.not());
    return left;
  }
  private not(): Eval {
    if (this.take('not') === null) return this.comparison();
    const value = this.not();
    return (scope) => !isTrue(value(scope));
  }
  private comparison(): Eval {
    const left = this.sum();
    const sign = this.take('==', '!=', '<', '<=', '>', '>=', 'in');
    return sign === null ? left : compared(sign, left, this.sum());
  }
  private sum(): Eval {
    let left = this.joined();
    for (let sign = this.take('+', '-'); sign !== null; sign = this.take('+', '-')) left = added(sign, left, this.joined());
    return left;
  }
  private joined(): Eval {
    let left = this.postfix();
    while (this.take('~') !== null) left = concatenated(left, this.postfix());
    return left;
  }

  private postfix(): Eval {
    let value = this.primary();
    for (;;) {
      const sign = this.take('.', '[', '(', '|', 'is');
      if (sign === null) return value;
      const of = value;
      if (sign === '.') value = this.field(of, this.next());
      else if (sign === '[') value = this.item(of);
      else if (sign === '(') value = this.call(of);
      else if (sign === '|') value = this.filtered(of, this.next());
      else value = this.tested(of);
    }
  }
  private field(of: Eval, name: string): Eval {
    return (scope) => fieldOf(of(scope), name);
  }
  private item(of: Eval): Eval {
    // `[:255]`: the only slice that is used.
    if (this.take(':') !== null) {
      const end = this.expression();
      this.need(']');
      return (scope) => String(of(scope)).slice(0, Number(end(scope)));
    }
    const key = this.expression();
    this.need(']');
    return (scope) => fieldOf(of(scope), String(key(scope)));
  }
  private call(of: Eval): Eval {
    const given = this.given();
    return (scope) => {
      const { args, named } = given(scope);
      // Python's functions take the named ones apart; ours have them last.
      return (of(scope) as (first?: Value, named?: Named) => Value)(args[0], named);
    };
  }
  private filtered(of: Eval, name: string): Eval {
    const filter = filters[name];
    if (filter === undefined) throw new Error(`the filter ${name} is not known here`);
    const given = this.take('(') === null ? () => ({ args: [], named: {} }) : this.given();
    return (scope) => {
      const { args, named } = given(scope);
      return filter(of(scope), args, named);
    };
  }
  private tested(of: Eval): Eval {
    const isNot = this.take('not') !== null;
    const name = this.next();
    if (name !== 'defined' && name !== 'none') throw new Error(`the test ${name} is not known here`);
    return (scope) => (name === 'defined' ? of(scope) !== undefined : of(scope) === null) !== isNot;
  }
  private given(): (scope: Scope) => { readonly args: readonly Value[]; readonly named: Named } {
    const args: Eval[] = [];
    const named: { readonly name: string | null; readonly value: Eval }[] = [];
    while (this.take(')') === null) {
      if (this.take('**') !== null) named.push({ name: null, value: this.expression() });
      else if (this.tokens[this.at + 1] === '=') {
        const name = this.next();
        this.need('=');
        named.push({ name, value: this.expression() });
      } else args.push(this.expression());
      if (this.take(',') === null && this.tokens[this.at] !== ')') throw new Error('expected , or )');
    }
    return (scope) => ({
      args: args.map((each) => each(scope)),
      named: Object.assign({}, ...named.map(({ name, value }) => (name === null ? value(scope) : { [name]: value(scope) }))) as Named,
    });
  }

  private primary(): Eval {
    const found = this.next();
    if (found === '(') {
      const value = this.expression();
      this.need(')');
      return value;
    }
    if (found === '[') return this.list();
    if (found === '{') return this.literalDict();
    if (/^['"]/.test(found)) return () => found.slice(1, -1).replaceAll(/\\(.)/g, '$1');
    if (/^\d/.test(found)) return () => Number(found);
    if (Object.hasOwn(words, found)) return () => words[found];
    if (/^[A-Za-z_]/.test(found)) return (scope) => (found === 'dict' ? dict : scope[found]);
    throw new Error(`unexpected ${found}`);
  }
  private list(): Eval {
    const items: Eval[] = [];
    while (this.take(']') === null) {
      items.push(this.expression());
      this.take(',');
    }
    return (scope) => items.map((each) => each(scope));
  }
  private literalDict(): Eval {
    const entries: (readonly [Eval, Eval])[] = [];
    while (this.take('}') === null) {
      const key = this.expression();
      this.need(':');
      entries.push([key, this.expression()]);
      this.take(',');
    }
    return (scope) => Object.fromEntries(entries.map(([key, value]) => [String(key(scope)), value(scope)]));
  }
}

const either =
  (left: Eval, right: Eval): Eval =>
  (scope) => {
    const value = left(scope);
    return isTrue(value) ? value : right(scope);
  };
const both =
  (left: Eval, right: Eval): Eval =>
  (scope) => {
    const value = left(scope);
    return isTrue(value) ? right(scope) : value;
  };
const added =
  (sign: string, left: Eval, right: Eval): Eval =>
  (scope) =>
    Number(left(scope)) + (sign === '-' ? -1 : 1) * Number(right(scope));
const concatenated =
  (left: Eval, right: Eval): Eval =>
  (scope) =>
    textOf(left(scope)) + textOf(right(scope));
const compared =
  (sign: string, left: Eval, right: Eval): Eval =>
  (scope) => {
    const [a, b] = [left(scope), right(scope)];
    if (sign === '==') return a === b;
    if (sign === '!=') return a !== b;
    if (sign === 'in') return listOf(b).includes(a);
    const difference = Number(a) - Number(b);
    return sign === '<' ? difference < 0 : sign === '<=' ? difference <= 0 : sign === '>' ? difference > 0 : difference >= 0;
  };

/** What the template makes of these names. */
export function render(template: string, given: Scope): string {
  const scope: Record<string, Value> = { ...given };
  return template.replaceAll(
    /\{%\s*set (\w+) = (.+?)\s*%\}|\{\{(.+?)\}\}(?!\})/g,
    (_, name: string | undefined, value: string | undefined, shown: string | undefined) => {
      if (name === undefined) return textOf(new Parser(shown ?? '').whole()(scope));
      scope[name] = new Parser(value ?? '').whole()(scope);
      return '';
    },
  );
}
