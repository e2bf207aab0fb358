import ts from 'typescript';

/** A change of one place in a source file. */
export interface Mutation {
  /** Offset of the first replaced character. */
  readonly start: number;
  /** Offset behind the last one. */
  readonly end: number;
  readonly replacement: string;
}

/** Operators and what replaces them. */
const OPERATORS = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.PlusEqualsToken, '-='],
  [ts.SyntaxKind.MinusEqualsToken, '+='],
]);

/**
 * Numbers from here on become ten times as large, smaller ones larger by one. A time limit or a capacity that is longer by one
 * is not a fault.
 */
const LARGE = 100;

/** Adding strings and adding numbers look alike, but a difference of strings is never right. */
const isText = (node: ts.Node): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

/** Replaces a statement that only has an effect. A call of `super` cannot be left out. */
const isRemovable = (node: ts.Node): node is ts.ExpressionStatement =>
  ts.isExpressionStatement(node) && !/^(super\(|['"])/.test(node.getText());

/** Returns the replacement of a node itself, without its children; `undefined` if it has none. */
function replacementOf(node: ts.Node): { readonly node: ts.Node; readonly text: string } | undefined {
  if (ts.isBinaryExpression(node)) {
    const text = OPERATORS.get(node.operatorToken.kind);
    if (text === undefined || isText(node.left) || isText(node.right)) return undefined;
    return { node: node.operatorToken, text };
  }
  if (ts.isIfStatement(node)) return { node: node.expression, text: 'false' };
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return { node, text: `!!${node.operand.getText()}` };
  }
  if (node.kind === ts.SyntaxKind.TrueKeyword) return { node, text: 'false' };
  if (node.kind === ts.SyntaxKind.FalseKeyword) return { node, text: 'true' };
  if (ts.isNumericLiteral(node))
    return { node, text: Number(node.text) < LARGE ? `(${node.text} + 1)` : `${node.text}0` };
  if (isRemovable(node)) return { node, text: ';' };
  return undefined;
}

/** Lists every mutation of a source file, in the order of their places. Types, imports and decorators have none. */
export function mutationsOf(code: string): Mutation[] {
  const file = ts.createSourceFile('source.ts', code, ts.ScriptTarget.Latest, true);
  const mutations: Mutation[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isDecorator(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    const found = replacementOf(node);
    if (found !== undefined) {
      mutations.push({ start: found.node.getStart(), end: found.node.getEnd(), replacement: found.text });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return mutations.toSorted((one, other) => one.start - other.start);
}

/** Returns the code with the change. */
export const mutated = (code: string, { start, end, replacement }: Mutation): string =>
  code.slice(0, start) + replacement + code.slice(end);

const lineOf = (code: string, { start }: Mutation): number => code.slice(0, start).split('\n').length;

/** Describes a mutation by the text of its line: `return a < b; (< becomes <=)`. */
export function describeChange(code: string, mutation: Mutation): string {
  const was = code.slice(mutation.start, mutation.end).replaceAll(/\s+/g, ' ');
  return `${code.split('\n')[lineOf(code, mutation) - 1]!.trim()} (${was} becomes ${mutation.replacement})`;
}

/** Describes a mutation with the number of its line: `12: return a < b; (< becomes <=)`. */
export const describeMutation = (code: string, mutation: Mutation): string =>
  `${lineOf(code, mutation)}: ${describeChange(code, mutation)}`;
