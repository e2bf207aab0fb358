import { describeBackend } from '../../../testing/backend/index.js';
import { memoryBackend } from './memory.backend.js';

describeBackend('memoryBackend', { create: memoryBackend(), alone: true });
