import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';

const DISK_BYTES = 67_108_864;

/** The disk under the append-only file is full for a while. */
const fullFor = (appendfsync: 'always' | 'everysec') =>
  scenario<SingleBackend>({
    name: appendfsync === 'always' ? 'disk-full-always' : 'disk-full',
    redisMayLose: false,
    backend: (instances, random) =>
      SingleBackend.start(
        instances,
        random,
        ['appendonly yes', `appendfsync ${appendfsync}`, 'auto-aof-rewrite-percentage 0'],
        { diskBytes: DISK_BYTES },
      ),
    async round(world) {
      const { node } = world.backend;
      await world.fault('disk full', async () => {
        await node.disk!.fill();
        // With `always`, Redis ends rather than acknowledge what it could not write.
        if (appendfsync === 'always') await node.ended();
        await world.calm(world.random.between(500, 4_000));
        await node.disk!.free();
        if (appendfsync === 'always') await node.restart();
        // Redis tries again each second, and takes writes once that has worked.
        else await node.until(/aof_last_write_status:ok/);
      });
    },
  });

/** Redis answers MISCONF to every write, and keeps what it has. */
export const diskFull = fullFor('everysec');

/** Redis ends, and is started again when there is space. */
export const diskFullAlways = fullFor('always');
