// A rule of lint: a callback that a socket, a timer or another emitter calls has no `catch` above it, so it goes through
// `safely`. docs/architecture.md, section Entry points, says why.
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);
const EMITTERS = new Set(['on', 'once', 'addListener', 'prependListener', 'prependOnceListener', 'nextTick']);

/** Callbacks that cannot throw: they settle a promise, or do nothing. */
const HARMLESS = new Set(['resolve', 'reject', 'ignore']);

/** @returns the callback of a call that passes one to a timer or an emitter */
function callbackOf({ callee, arguments: given }) {
  if (callee.type === 'Identifier' && TIMERS.has(callee.name)) return given[0];
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return undefined;
  if (callee.object.type === 'ThisExpression') return undefined; // a method of this class
  const { name } = callee.property;
  if (!EMITTERS.has(name)) return undefined;
  return name === 'nextTick' ? given[0] : given[1];
}

function isHarmlessCall(node) {
  return node.type === 'CallExpression' && node.callee.type === 'Identifier' && HARMLESS.has(node.callee.name);
}

function isHarmlessBody(body) {
  if (body.type === 'Identifier' || body.type === 'Literal' || isHarmlessCall(body)) return true;
  // `void (timer = …)`: an assignment to a variable
  if (body.type === 'UnaryExpression' && body.operator === 'void') return isAssignment(body.argument);
  if (body.type !== 'BlockStatement') return isAssignment(body);
  return body.body.every(({ type, expression }) => type === 'ExpressionStatement' && isHarmlessBody(expression));
}

function isAssignment({ type, left, right }) {
  return (
    type === 'AssignmentExpression' && left.type === 'Identifier' && ['Identifier', 'Literal'].includes(right.type)
  );
}

function isSafely(node) {
  if (node?.type !== 'CallExpression') return false;
  if (node.callee.type === 'Identifier') return node.callee.name === 'safely';
  // `((server) => safely(…))(this)`
  return node.callee.type === 'ArrowFunctionExpression' && isSafely(node.callee.body);
}

/** Looks for `const name = safely(…)`, or `name = safely(…)` among the properties of the class. */
function isDeclaredSafe(callback, program) {
  const isThis = callback.type === 'MemberExpression' && callback.object.type === 'ThisExpression';
  const name = isThis ? callback.property.name : callback.name;
  let found = false;
  const look = (node) => {
    if (found || node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) return node.forEach(look);
    if (typeof node.type !== 'string') return;
    if (isThis && node.type === 'PropertyDefinition' && node.key.name === name) found = isSafely(node.value);
    else if (!isThis && node.type === 'VariableDeclarator' && node.id.name === name)
      found = isSafely(node.init) || (node.init?.body !== undefined && isHarmlessBody(node.init.body));
    for (const key of Object.keys(node)) if (key !== 'parent') look(node[key]);
  };
  look(program);
  return found;
}

function isSafe(callback, program) {
  if (isSafely(callback)) return true;
  if (callback.type === 'Identifier') return HARMLESS.has(callback.name) || isDeclaredSafe(callback, program);
  if (callback.type === 'MemberExpression') return isDeclaredSafe(callback, program);
  return callback.type === 'ArrowFunctionExpression' && isHarmlessBody(callback.body);
}

const throughSafely = {
  create(context) {
    let program = null;
    return {
      Program(node) {
        program = node;
      },
      CallExpression(node) {
        const callback = callbackOf(node);
        if (callback === undefined || callback.type === 'Literal' || isSafe(callback, program)) return;
        context.report({
          node: callback,
          message:
            'No `catch` stands above this callback, so an error in it would end the process. Pass it through `safely` (observability/run-safely).',
        });
      },
    };
  },
};

export default { meta: { name: 'entry-points' }, rules: { 'through-safely': throughSafely } };
