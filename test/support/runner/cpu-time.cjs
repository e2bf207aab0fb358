const { appendFileSync, readFileSync } = require('node:fs');

/** Milliseconds of a clock tick in `/proc`, which is the same on every Linux. */
const TICK_MS = 10;

/** The CPU time of this process, and of its ended children with theirs (Linux only), in milliseconds. */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  const [, fields] = readFileSync('/proc/self/stat', 'utf8').split(') ');
  const [childUser, childSystem] = fields.split(' ').slice(13, 15).map(Number);
  return { own: (user + system) / 1000, children: (childUser + childSystem) * TICK_MS };
}

/**
 * Measures one spec file: the returned function appends `TOTAL OWN CHILDREN FILE` to a list, in milliseconds.
 * @param {string} list a path, or undefined to measure nothing
 */
function measureCpuTime(list, file) {
  if (list === undefined) return () => {};
  const start = cpuTime();
  return () => {
    const end = cpuTime();
    const own = Math.round(end.own - start.own);
    const children = end.children - start.children;
    appendFileSync(list, `${own + children} ${own} ${children} ${file}\n`);
  };
}

module.exports = { measureCpuTime };
