import 'reflect-metadata';
import { explain } from './platform/start/explain.js';
import { startPlatform } from './platform/start/start-platform.js';

try {
  await startPlatform();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
