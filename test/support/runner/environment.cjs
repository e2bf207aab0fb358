const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');
const path = require('node:path');
const { measureCpuTime } = require('./cpu-time.cjs');

// A worker with nothing left to do ends without taking its heap down: that takes so long after many specs that Jest reports
// a leak. Node does not emit the event while a handle is open, so a leak is reported as before.
process.once('beforeExit', () => process.exit());

/**
 * Remembers the globals and environment variables; the returned function restores them for the next spec file.
 * Added globals stay: libraries keep state in them, and their modules are loaded once.
 */
function remember() {
  const env = { ...process.env };
  const globals = Object.getOwnPropertyDescriptors(globalThis);
  const exit = Object.getOwnPropertyDescriptor(process, 'exit');
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
    for (const key of Reflect.ownKeys(globals)) {
      const { configurable, value } = globals[key];
      if (configurable && globalThis[key] !== value) Object.defineProperty(globalThis, key, globals[key]);
    }
    Object.defineProperty(process, 'exit', exit);
  };
}

/**
 * The environment of the specs: Node's own globals instead of a VM context with copies of them.
 * So modules load natively, and a worker loads each of them once instead of once per spec file.
 */
module.exports = class NativeEnvironment {
  global = globalThis;

  constructor({ projectConfig }, { testPath }) {
    this.reportCpuTime = measureCpuTime(process.env.SPEC_CPU_LIST, path.relative(projectConfig.rootDir, testPath));
    this.restore = remember();
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  async setup() {}

  async teardown() {
    this.fakeTimersModern.dispose();
    this.restore();
    this.reportCpuTime();
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return null;
  }
};
